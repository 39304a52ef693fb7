// Ports that nothing listens on.
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** Unused ports: the policy and the issuer name theirs before anything is started. */
export async function freePorts(wanted: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: wanted },
      () =>
        new Promise<Server>((done) => {
          const server = createServer().listen(0, "127.0.0.1", () => done(server));
        }),
    ),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return ports;
}
