// `npm run playground [-- --build-only] [-- --port N]`: the files are in build/playground/ already; this says so, or serves them.
import { parseArgs } from "node:util";
import { CannotRun } from "./command.ts";
import { showPlayground } from "./commands/playground.ts";

const options = { "build-only": { type: "boolean" }, port: { type: "string" }, help: { type: "boolean" } } as const;
const { values } = parseArgs({ options });
if (values["build-only"]) console.log("build/playground/index.html");
else if (values.help) console.log("Usage: npm run playground -- [--build-only] [--port N]");
else {
  const port = values.port === undefined ? 8790 : Number(values.port);
  await showPlayground(port).catch((error: Error) => {
    if (!(error instanceof CannotRun)) throw error;
    console.error(`scopegate: ${error.message}`);
    process.exitCode = 2;
  });
}
