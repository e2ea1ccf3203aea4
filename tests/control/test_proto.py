"""The contract: its style (buf's STANDARD and COMMENTS), its generated code, and that no release breaks another."""

import filecmp
import re
from pathlib import Path

import pytest
from google.protobuf import descriptor_pb2

from tickwright import _proto

pytest.importorskip("grpc_tools", reason="the extra `test` is not installed")

ROOT = Path(__file__).resolve().parents[2]
PROTO = ROOT / "proto"
RELEASED = PROTO / _proto.RELEASED
PASCAL = re.compile(r"([A-Z][a-z0-9]*)+")
LOWER_SNAKE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
UPPER_SNAKE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")


def read(path):
    return descriptor_pb2.FileDescriptorSet.FromString(path.read_bytes())


@pytest.fixture(scope="module")
def described(tmp_path_factory):
    out = tmp_path_factory.mktemp("proto") / "now.binpb"
    assert _proto.describe(PROTO, out, with_comments=True) == 0
    return read(out)


def messages_of(file):
    """Give every message with its full name and its path in the source info."""

    def walk(messages, scope, path, field):
        for number, message in enumerate(messages):
            here = (*path, field, number)
            name = f"{scope}.{message.name}"
            yield name, message, here
            yield from walk(message.nested_type, name, here, 3)

    return list(walk(file.message_type, file.package, (), 4))


def enums_of(file):
    found = [(f"{file.package}.{enum.name}", enum, (5, n)) for n, enum in enumerate(file.enum_type)]
    for name, message, path in messages_of(file):
        found += [(f"{name}.{enum.name}", enum, (*path, 4, n)) for n, enum in enumerate(message.enum_type)]
    return found


def snake(pascal):
    return re.sub(r"(?<!^)(?=[A-Z])", "_", pascal).upper()


def test_files_lie_where_their_package_says_and_have_a_version(described):
    for file in described.file:
        assert re.fullmatch(r"[a-z_]+(\.[a-z_]+)*\.v[1-9][0-9]*", file.package), file.name
        assert file.name == f"{file.package.replace('.', '/')}/{Path(file.name).name}"
        assert LOWER_SNAKE.fullmatch(Path(file.name).stem)
        assert file.syntax == "proto3"
        assert not file.public_dependency
        assert not file.weak_dependency
        source = (PROTO / file.name).read_text()
        imports = re.findall(r'^import "(.+)";', source, re.M)
        assert imports == sorted(set(imports)), file.name


def test_names_are_written_as_buf_wants_them(described):
    for file in described.file:
        for name, message, _ in messages_of(file):
            assert message.options.map_entry or PASCAL.fullmatch(message.name), name
            fields = [field.name for field in message.field]
            assert [one for one in fields if not LOWER_SNAKE.fullmatch(one)] == [], name
            assert [one.name for one in message.oneof_decl if not LOWER_SNAKE.fullmatch(one.name)] == [], name
        for name, enum, _ in enums_of(file):
            assert PASCAL.fullmatch(enum.name), name
            prefix = snake(enum.name)
            assert [v.name for v in enum.value if not UPPER_SNAKE.fullmatch(v.name)] == [], name
            assert [v.name for v in enum.value if not v.name.startswith(f"{prefix}_")] == [], name
            assert (enum.value[0].name, enum.value[0].number) == (f"{prefix}_UNSPECIFIED", 0), name
            assert not enum.options.allow_alias, name
        for service in file.service:
            assert PASCAL.fullmatch(service.name)
            assert service.name.endswith("Service")


def test_each_method_has_a_request_and_a_response_of_its_own(described):
    used = []
    for file in described.file:
        for service in file.service:
            for method in service.method:
                assert PASCAL.fullmatch(method.name)
                assert method.input_type == f".{file.package}.{method.name}Request"
                assert method.output_type == f".{file.package}.{method.name}Response"
                assert not method.client_streaming
                used += [method.input_type, method.output_type]
    assert len(used) == len(set(used))
    print(f"{len(used) // 2} methods")


def test_everything_has_a_comment(described):
    bare, counted = [], 0
    for file in described.file:
        comments = {tuple(one.path): one.leading_comments.strip() for one in file.source_code_info.location}
        wanted = {}
        for name, message, path in messages_of(file):
            if not message.options.map_entry:
                wanted[path] = name
                wanted |= {(*path, 2, n): f"{name}.{field.name}" for n, field in enumerate(message.field)}
                real = [n for n, _ in enumerate(message.oneof_decl) if _is_real(message, n)]
                wanted |= {(*path, 8, n): f"{name}.{message.oneof_decl[n].name}" for n in real}
        for name, enum, path in enums_of(file):
            wanted[path] = name
            wanted |= {(*path, 2, n): f"{name}.{value.name}" for n, value in enumerate(enum.value)}
        for number, service in enumerate(file.service):
            wanted[(6, number)] = service.name
            wanted |= {(6, number, 2, n): f"{service.name}.{m.name}" for n, m in enumerate(service.method)}
        counted += len(wanted)
        bare += [name for path, name in wanted.items() if not comments.get(path)]
    assert bare == []
    print(f"{counted} elements")


def _is_real(message, number):
    return not all(
        field.proto3_optional
        for field in message.field
        if field.HasField("oneof_index") and field.oneof_index == number
    )


def test_the_unit_of_a_number_stands_in_its_name_or_comment(described):
    """Nanoseconds, microseconds, billionths: a name with such an ending must not contradict its comment."""
    words = {"_ns": "nanosecond", "_us": "microsecond", "_e9": "billionth", "_ms": "millisecond", "_s": "second"}
    for file in described.file:
        comments = {tuple(one.path): one.leading_comments.lower() for one in file.source_code_info.location}
        for name, message, path in messages_of(file):
            for number, field in enumerate(message.field):
                unit = next((word for end, word in words.items() if field.name.endswith(end)), None)
                if unit is not None and not message.options.map_entry:
                    assert unit in comments[(*path, 2, number)], f"{name}.{field.name}"


def test_the_generated_code_is_that_of_the_contract(tmp_path):
    import google.protobuf
    from grpc_tools import protoc  # noqa: F401

    assert _proto.generate(PROTO, tmp_path) == 0
    made = {path.relative_to(tmp_path): path for path in tmp_path.rglob("*.py*")}
    kept = {Path("tickwright/v1") / path.name: path for path in (ROOT / "python/tickwright/v1").glob("*_pb2*.py*")}
    assert set(made) == set(kept), "run make proto"
    sample = made[Path("tickwright/v1/common_pb2.py")].read_text()
    version = re.search(r"# Protobuf Python Version: (\S+)", sample)
    differ = [str(name) for name in made if not filecmp.cmp(made[name], kept[name], shallow=False)]
    if differ and version and version[1] not in (ROOT / "python/tickwright/v1/common_pb2.py").read_text():
        pytest.skip(f"made by another protoc than {version[1]}; protobuf here is {google.protobuf.__version__}")
    assert differ == [], "run make proto"


# --- between releases ------------------------------------------------------------------------------------------------


def breaks(before, after):
    """Give what a client of `before` would find gone or changed in `after`."""
    found = []
    now = {name: m for file in after.file for name, m, _ in messages_of(file)}
    enums = {name: e for file in after.file for name, e, _ in enums_of(file)}
    methods = {f"{f.package}.{s.name}.{m.name}": m for f in after.file for s in f.service for m in s.method}
    for file in before.file:
        for name, message, _ in messages_of(file):
            if name not in now:
                found.append(f"{name} is gone")
                continue
            fields = {field.number: field for field in now[name].field}
            reserved = [range(one.start, one.end) for one in now[name].reserved_range]
            for field in message.field:
                same = fields.get(field.number)
                where = f"{name}.{field.name} = {field.number}"
                if same is None:
                    # A number may be given up for good, never for something else.
                    if not any(field.number in one for one in reserved):
                        found.append(f"{where} is gone")
                elif same.name != field.name:
                    found.append(f"{where} is called {same.name}")
                elif (same.type, same.label, same.type_name) != (field.type, field.label, field.type_name):
                    found.append(f"{where} has another type")
                elif _oneof(message, field) != _oneof(now[name], same):
                    found.append(f"{where} is in another oneof")
        for name, enum, _ in enums_of(file):
            values = {value.number: value.name for value in enums[name].value} if name in enums else {}
            for value in enum.value:
                if values.get(value.number) != value.name:
                    found.append(f"{name}.{value.name} = {value.number} is gone or renamed")
        for service in file.service:
            for method in service.method:
                name = f"{file.package}.{service.name}.{method.name}"
                same = methods.get(name)
                if same is None:
                    found.append(f"{name} is gone")
                elif (same.input_type, same.output_type, same.client_streaming, same.server_streaming) != (
                    method.input_type,
                    method.output_type,
                    method.client_streaming,
                    method.server_streaming,
                ):
                    found.append(f"{name} takes or gives something else")
    return found


def _oneof(message, field):
    return message.oneof_decl[field.oneof_index].name if field.HasField("oneof_index") else None


def test_nothing_that_was_released_is_gone_or_changed(described):
    released = read(RELEASED)
    assert sum(len(file.service) for file in released.file) >= 8
    assert breaks(released, described) == [], "a released client would break; add beside it, or make a v2"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda f: f.message_type.remove(one(f, "GetStatusRequest")), "GetStatusRequest is gone"),
        (lambda f: one(f, "Status").field.remove(one(f, "Status").field[0]), "Status.state = 1 is gone"),
        (lambda f: setattr(one(f, "Status").field[1], "number", 99), "Status.now_ns = 2 is gone"),
        (lambda f: setattr(one(f, "Status").field[1], "type", 9), "Status.now_ns = 2 has another type"),
        (lambda f: setattr(one(f, "Status").field[1], "label", 3), "Status.now_ns = 2 has another type"),
        (lambda f: setattr(one(f, "Status").field[1], "name", "then_ns"), "Status.now_ns = 2 is called then_ns"),
        (lambda f: one(f, "Notice").field[2].ClearField("oneof_index"), "Notice.fill = 3 is in another oneof"),
        (lambda f: f.service[0].method.remove(f.service[0].method[0]), "EngineService.GetStatus is gone"),
        (lambda f: setattr(f.service[0].method[0], "server_streaming", True), "takes or gives something else"),
        (lambda f: f.service.remove(f.service[0]), "EngineService.Halt is gone"),
    ],
)
def test_a_change_that_breaks_a_client_is_found(described, change, said):
    changed = descriptor_pb2.FileDescriptorSet.FromString(described.SerializeToString())
    assert breaks(described, changed) == []
    change(next(file for file in changed.file if file.name.endswith("engine.proto")))
    assert any(said in one for one in breaks(described, changed))


def one(file, name):
    return next(message for message in file.message_type if message.name == name)


def test_an_addition_breaks_nobody(described):
    changed = descriptor_pb2.FileDescriptorSet.FromString(described.SerializeToString())
    file = changed.file[0]
    file.message_type[0].field.add(name="more", number=500, type=9, label=1)
    file.message_type.add(name="More")
    assert breaks(described, changed) == []


def test_a_field_that_was_reserved_may_go(described):
    changed = descriptor_pb2.FileDescriptorSet.FromString(described.SerializeToString())
    status = one(next(file for file in changed.file if file.name.endswith("engine.proto")), "Status")
    status.field.remove(status.field[0])
    status.reserved_range.add(start=1, end=2)
    assert breaks(described, changed) == []
