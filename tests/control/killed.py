"""A process that serves the door and hangs in a command, to be killed: FOLDER METHOD hang|answer."""

import asyncio
import sys
from pathlib import Path
from types import SimpleNamespace

from tests.control.door import Door, answer_class
from tickwright.control.caller import COMMAND


def main(folder: Path, name: str, mode: str) -> None:
    loop = asyncio.new_event_loop()
    rig = SimpleNamespace(node=SimpleNamespace(has_status=False), loop=loop)
    with Door(rig, folder, listen=["unix:{state}/c.sock"]) as door:

        async def do(request, context):
            command = COMMAND.get()
            if mode == "hang":
                print("begun", flush=True)
                await asyncio.sleep(60)
            print("called", command.is_in_doubt, command.client_order_id, flush=True)
            return answer_class(name)()

        door.does[name] = do
        print("ready", flush=True)
        loop.run_forever()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
