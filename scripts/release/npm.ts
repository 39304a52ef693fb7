/** npm, as a command. Below `npm run`, the `npm` on PATH may be an old one that a development package brings along. */
export function npmCommand(): [string, ...string[]] {
  const own = process.env["npm_execpath"];
  return own ? [process.execPath, own] : ["npm"];
}
