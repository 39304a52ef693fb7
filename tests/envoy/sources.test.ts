// Where a call comes from, in a real Envoy: the address with a forged header, and certificates over TLS.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { request } from "node:https";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { http1 } from "../support/clients.ts";
import { call, Gateway, headers, POLICY } from "../support/envoy.ts";

const pem = (name: string): string => fileURLToPath(new URL(`../data/certificates/${name}.pem`, import.meta.url));
const tool = (name: string): object => ({ target: { tools: [name] } });
const policy = {
  ...POLICY,
  rules: [
    { name: "agents", source: { principals: ["spiffe://corp.example/agents/*"] }, ...tool("agents") },
    { name: "admins", source: { principals: ["spiffe://corp.example/admins/*"] }, ...tool("admins") },
    { name: "hosts", source: { principals: ["*.corp.example"] }, ...tool("hosts") },
    { name: "others", source: { principals: ["other.example"] }, ...tool("others") },
    { name: "named", when: 'source.principal == "CN=plain"', ...tool("named") },
    { name: "not-agents", action: "Deny", source: { principals: ["spiffe://corp.example/*"] }, ...tool("people") },
    { name: "people", ...tool("people") },
    { name: "here", source: { ip: ["127.0.0.0/8"] }, ...tool("here") },
    { name: "office", source: { ip: ["10.0.0.0/8"] }, ...tool("office") },
    { name: "cel", when: 'cidr("127.0.0.0/8").containsIP(source.address)', ...tool("cel") },
    {
      name: "now",
      when: 'request.time > timestamp("2025-01-01T00:00:00Z") && request.time < timestamp("2225-01-01T00:00:00Z")',
      ...tool("now"),
    },
  ],
};

let gateway: Gateway;

describe("the caller's address", () => {
  const decide = async (name: string, more: Record<string, string> = {}): Promise<number> => {
    const sent = { method: "POST", path: "/mcp", headers: { ...headers(""), ...more }, body: call(name) };
    return (await http1(gateway.port, sent)).status;
  };

  describe("with the printed manifest", () => {
    before(async () => {
      gateway = await Gateway.start({ policy });
    });
    after(() => gateway.stop());

    test("is that of the connection, whatever X-Forwarded-For says", async () => {
      assert.equal(await decide("here"), 200);
      assert.equal(await decide("cel"), 200);
      for (const forged of ["10.0.0.1", "10.0.0.1, 10.0.0.2"]) {
        assert.equal(await decide("office", { "x-forwarded-for": forged }), 403, forged);
        assert.equal(await decide("here", { "x-forwarded-for": forged }), 200, forged);
      }
    });

    test("without TLS there is no certificate", async () => {
      for (const name of ["agents", "hosts", "named"]) assert.equal(await decide(name), 403, name);
      assert.equal(await decide("people"), 200);
    });

    test("the clock is the host's", async () => assert.equal(await decide("now"), 200));
  });

  describe("behind one proxy", () => {
    before(async () => {
      gateway = await Gateway.start({ policy, target: { trustedHops: 1 } });
    });
    after(() => gateway.stop());

    test("is the one that the proxy tells, not what stands before it", async () => {
      assert.equal(await decide("office", { "x-forwarded-for": "10.0.0.1" }), 200);
      assert.equal(await decide("office", { "x-forwarded-for": "10.0.0.1, 192.0.2.1" }), 403);
      assert.equal(await decide("office", { "x-forwarded-for": "192.0.2.1, ::ffff:10.0.0.1" }), 200);
    });
  });
});

describe("certificates", () => {
  const context = `\
        - transport_socket:
            name: envoy.transport_sockets.tls
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext
              require_client_certificate: false
              common_tls_context:
                tls_certificates: [{certificate_chain: {filename: ${pem("server")}}, private_key: {filename: ${pem("server-key")}}}]
                validation_context: {trusted_ca: {filename: ${pem("ca")}}}
          filters:`;

  before(async () => {
    gateway = await Gateway.start({ policy, edit: (yaml) => yaml.replace("        - filters:", context) });
  });
  after(() => gateway.stop());

  /** The status of a call with a certificate; undefined: without one. */
  function decide(name: string, certificate?: string): Promise<number> {
    const own = certificate && { cert: readFileSync(pem(certificate)), key: readFileSync(pem(`${certificate}-key`)) };
    const options = {
      host: "127.0.0.1",
      port: gateway.port,
      path: "/mcp",
      method: "POST",
      ca: readFileSync(pem("ca")),
    };
    return new Promise((resolve, reject) => {
      const sent = request({ ...options, ...own, headers: headers(""), agent: false }, (answer) => {
        answer.resume();
        answer.on("end", () => resolve(answer.statusCode!));
      });
      sent.on("error", reject);
      sent.end(call(name));
    });
  }

  test("the first URI name and the first DNS name count, no others", async () => {
    assert.equal(await decide("agents", "agent"), 200);
    assert.equal(await decide("admins", "agent"), 403);
    assert.equal(await decide("hosts", "agent"), 200);
    assert.equal(await decide("hosts", "host"), 200);
    assert.equal(await decide("others", "host"), 403);
    assert.equal(await decide("agents", "host"), 403);
  });

  test("without such names the subject is the principal", async () => {
    assert.equal(await decide("named", "plain"), 200);
    assert.equal(await decide("named", "agent"), 403);
    assert.equal(await decide("agents", "plain"), 403);
  });

  test("a Deny rule holds for the names it means, and not without a certificate", async () => {
    assert.equal(await decide("people", "agent"), 403);
    assert.equal(await decide("people", "host"), 200);
    assert.equal(await decide("people"), 200);
    assert.equal(await decide("named"), 403, "an empty subject is missing");
  });
});
