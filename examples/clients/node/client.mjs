// A client of the control plane in JavaScript. It reads the .proto files as they are: nothing is generated.
//
//   node client.mjs ADDRESS COMMAND [ARGUMENT…]
//
// ADDRESS is unix:PATH or HOST:PORT, the token is that of TICKWRIGHT_TOKEN, the answer is JSON on standard output.
// Commands: status, positions, orders, pause, resume, notices N, buy SYMBOL QTY LIMIT.
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import grpc from "@grpc/grpc-js";
import loader from "@grpc/proto-loader";
import protobuf from "protobufjs";

const folder = process.env.TICKWRIGHT_PROTO ?? fileURLToPath(new URL("../../../proto", import.meta.url));
const files = ["engine", "order", "portfolio"].map((name) => `tickwright/v1/${name}.proto`);
const definition = loader.loadSync(files, {
  includeDirs: [folder],
  keepCase: true,
  longs: String, // nanoseconds and _e9 do not fit a JavaScript number
  enums: String,
  defaults: true,
  oneofs: true,
});
const { EngineService, OrderService, PortfolioService } = grpc.loadPackageDefinition(definition).tickwright.v1;

// Why a call failed, for programs: google.rpc.Status in the trailers.
const rpc = protobuf.parse(
  `syntax = "proto3";
  message Any { string type_url = 1; bytes value = 2; }
  message Status { int32 code = 1; string message = 2; repeated Any details = 3; }
  message ErrorInfo { string reason = 1; string domain = 2; map<string, string> metadata = 3; }`,
  { keepCase: true },
).root;

function explained(error) {
  const info = { code: grpc.status[error.code], message: error.details, reason: "", metadata: {} };
  const [packed] = error.metadata?.get("grpc-status-details-bin") ?? [];
  for (const detail of packed ? rpc.lookupType("Status").decode(packed).details : []) {
    if (detail.type_url.endsWith("/google.rpc.ErrorInfo")) {
      const { reason, metadata } = rpc.lookupType("ErrorInfo").decode(detail.value);
      Object.assign(info, { reason, metadata: { ...metadata } });
    }
  }
  return info;
}

export class Client {
  constructor(address, token = process.env.TICKWRIGHT_TOKEN ?? "") {
    const credentials = grpc.credentials.createInsecure(); // createSsl(ca, key, cert) for TLS
    this.metadata = new grpc.Metadata();
    if (token) this.metadata.set("authorization", `Bearer ${token}`);
    this.engine = new EngineService(address, credentials);
    this.orders = new OrderService(address, credentials);
    this.portfolio = new PortfolioService(address, credentials);
  }

  ask(service, method, request = {}) {
    return new Promise((resolve, reject) => {
      const deadline = Date.now() + 10_000;
      service[method](request, this.metadata, { deadline }, (error, answer) => (error ? reject(error) : resolve(answer)));
    });
  }

  // A command that is lost on the way is sent again under the same key: it takes effect once.
  async command(service, method, request = {}, reason = "") {
    const options = { idempotency_key: randomUUID(), reason };
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.ask(service, method, { ...request, options });
      } catch (error) {
        if (error.code !== grpc.status.UNAVAILABLE || attempt === 5) throw error;
        await new Promise((resolve) => setTimeout(resolve, 100 * 2 ** attempt * Math.random()));
      }
    }
  }

  async *pages(service, method, rows, request = {}) {
    let page_token = "";
    do {
      const answer = await this.ask(service, method, { ...request, page_token });
      yield* answer[rows];
      page_token = answer.next_page_token;
    } while (page_token);
  }

  // The stream ends with UNAVAILABLE where the engine goes: ask again, once it is there.
  async *notices(request = {}) {
    const stream = this.engine.StreamNotices(request, this.metadata);
    try {
      yield* stream;
    } finally {
      stream.on("error", () => {}); // that it was canceled is no news
      stream.cancel();
    }
  }

  close() {
    for (const service of [this.engine, this.orders, this.portfolio]) service.close();
  }
}

async function run(client, command, rest) {
  switch (command) {
    case "status":
      return (await client.ask(client.engine, "GetStatus")).status;
    case "positions":
    case "orders": {
      const [service, method] =
        command === "orders" ? [client.orders, "ListOrders"] : [client.portfolio, "ListPositions"];
      const rows = [];
      for await (const row of client.pages(service, method, command, { page_size: 2 })) rows.push(row);
      return rows;
    }
    case "pause":
      return (await client.command(client.engine, "Pause", {}, rest[0])).result;
    case "resume":
      return (await client.command(client.engine, "Resume", {}, rest[0])).result;
    case "buy": {
      const [symbol, qty, limit_price] = rest;
      const order = { symbol, qty, limit_price, side: "ORDER_SIDE_BUY", type: "ORDER_TYPE_LIMIT" };
      return (await client.command(client.orders, "SubmitOrder", order)).order;
    }
    case "notices": {
      const seen = [];
      for await (const answer of client.notices({ last: 1000 })) {
        seen.push(...answer.notices);
        if (seen.length >= Number(rest[0] ?? 1)) break;
      }
      return seen;
    }
    default:
      throw new Error(`${command}: is not known; see the top of client.mjs`);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [address, command, ...rest] = process.argv.slice(2);
  if (!address || !command || !existsSync(folder)) {
    console.error("usage: node client.mjs ADDRESS COMMAND [ARGUMENT…]; TICKWRIGHT_PROTO names the folder proto");
    process.exit(2);
  }
  const client = new Client(address);
  try {
    console.log(JSON.stringify(await run(client, command, rest)));
  } catch (error) {
    if (error.code === undefined) throw error;
    console.log(JSON.stringify({ error: explained(error) }));
    process.exitCode = 1;
  } finally {
    client.close();
  }
}
