// `npm run test:soak`: a real Envoy under load, changing policies and misbehaving clients, for a bounded time.
import { parseArgs } from "node:util";
import { EnvoyError } from "./envoy/binary.ts";
import { clients } from "./soak/clients.ts";
import { lists } from "./soak/lists.ts";
import { load } from "./soak/load.ts";
import { reload } from "./soak/reload.ts";
import type { Scenario } from "./soak/scenario.ts";

const SCENARIOS: Record<string, Scenario> = { load, lists, reload, clients };

const HELP = `Usage: npm run test:soak -- [--only NAME]... [--requests N] [--seconds N] [--seed N]

Options:
  --only NAME    one of ${Object.keys(SCENARIOS).join(", ")}; may be repeated (default: all)
  --requests N   number of requests of load and of lists, each (default: 200000; for a release 1000000)
  --seconds N    duration of reload, of clients and of the streams of lists, each (default: 60; for a release 3600)
  --seed N       seed of the bodies (default: 1)
`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      only: { type: "string", multiple: true },
      requests: { type: "string", default: "200000" },
      seconds: { type: "string", default: "60" },
      seed: { type: "string", default: "1" },
      help: { type: "boolean", default: false },
    },
  });
  const names = values.only ?? Object.keys(SCENARIOS);
  const numbers = [values.requests, values.seconds, values.seed].map(Number);
  if (values.help) return (process.stdout.write(HELP), 0);
  if (numbers.some((value) => !(value > 0)) || names.some((name) => !Object.hasOwn(SCENARIOS, name)))
    return (process.stderr.write(HELP), 2);
  const [requests, seconds, seed] = numbers as [number, number, number];
  let faults = 0;
  for (const name of names) {
    console.log(`${name} …`);
    const found = await SCENARIOS[name]!({ requests, seconds, seed, say: (line) => console.log(`  ${line}`) });
    for (const fault of found.slice(0, 10)) console.log(`  ✗ ${fault}`);
    faults += found.length;
  }
  console.log(faults === 0 ? "nothing went wrong" : `${faults} faults`);
  return faults === 0 ? 0 : 1;
}

process.exit(
  await main().catch((error: Error) => {
    console.error(`scopegate: ${error instanceof EnvoyError ? error.message : error.stack}`);
    return 2;
  }),
);
