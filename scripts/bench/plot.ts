// The graphs of docs/benchmarks.md, as SVG: cost by body size, cost by number of rules, both axes logarithmic.
import * as echarts from "echarts";
import type { Results } from "./results.ts";
import { AGAIN, BASELINE, QUIET } from "./peers.ts";

interface Line {
  name: string;
  points: [x: number, y: number][];
}

interface Graph {
  title: string;
  x: string;
  y: string;
  lines: Line[];
}

const [WIDTH, HEIGHT] = [760, 440];

/** File name → SVG, for what the results hold. */
export function graphs({ filter, envoy, scale }: Results): Record<string, string> {
  const found: Record<string, string> = {};
  if (filter) {
    const sizes = filter.bodies.filter(({ body }) => !body.includes(","));
    const line = (name: string, cost: (body: (typeof sizes)[number]) => number): Line => ({
      name,
      points: sizes.map((body) => [body.bytes, cost(body) / 1e3]),
    });
    found["filter-by-body.svg"] = draw({
      title: "The filter alone",
      x: "body, bytes",
      y: "µs per call",
      lines: [
        line("Scopegate", ({ filter: { cpu } }) => cpu),
        line("JSON.parse", ({ parseText: { cpu } }) => cpu),
        line("copying the body", ({ copy: { cpu } }) => cpu),
      ],
    });
    const rules = scale
      ?.find(({ name }) => name === "number of rules: per call")
      ?.points.map(({ x, y }) => [x, y.median]);
    found["filter-by-rules.svg"] = draw({
      title: "The filter alone, 200 B calls",
      x: "rules",
      y: "ns per call",
      lines: [
        {
          name: "Scopegate",
          points: (rules ?? filter.policies.map(({ rules: count, call }) => [count, call.cpu])) as Line["points"],
        },
      ],
    });
  }
  if (envoy) {
    const loads = envoy.loads.filter(({ load }) => !load.includes(","));
    const leftOut = [BASELINE, AGAIN, QUIET]; // yardsticks, and lines that would coincide with our own
    const peers = Object.keys(envoy.peers).filter(
      (peer) => !leftOut.includes(peer) && envoy.absent[peer] === undefined,
    );
    const lines = peers.map((name) => ({
      name: loads.some(({ peers: all }) => all.some(({ peer, service }) => peer === name && service))
        ? `${name} with its service`
        : name,
      points: loads.map(({ bytes, peers: all }) => {
        const { added, service } = all.find(({ peer }) => peer === name)!;
        return [bytes, added!.median + (service?.median ?? 0)] as [number, number];
      }),
    }));
    found["envoy-by-body.svg"] = draw({ title: "Added in Envoy", x: "body, bytes", y: "µs of CPU per request", lines });
  }
  return found;
}

function draw({ title, x, y, lines }: Graph): string {
  const chart = echarts.init(null, null, { renderer: "svg", ssr: true, width: WIDTH, height: HEIGHT });
  chart.setOption({
    animation: false,
    backgroundColor: "#ffffff",
    title: { text: title, left: "center", top: 8 },
    legend: { bottom: 4 },
    grid: { left: 70, right: 40, top: 60, bottom: 80 },
    xAxis: { type: "log", name: x, nameLocation: "middle", nameGap: 28, min: "dataMin", max: "dataMax" },
    yAxis: { type: "log", name: y },
    // A logarithmic axis has no place for values that are not positive.
    series: lines.map(({ name, points }) => ({
      type: "line",
      name,
      symbolSize: 7,
      data: points.filter((point) => point[1] > 0),
    })),
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}
