// `npm run golden`: runs the suites that compare whole texts, and rewrites the texts. Review the diff.
process.env.UPDATE_GOLDEN = "1";
process.argv = [...process.argv.slice(0, 2), "compiler", "golden"];
await import("./test-runner.ts");
