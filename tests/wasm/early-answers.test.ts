// An answer of the server before the verdict, in the simulated host; tests/envoy/early-answers.test.ts has the real one.
import assert from "node:assert/strict";
import { test } from "node:test";
import { bytes, hostWith, PRIVATE, PUBLIC, reasonOf } from "../support/host.ts";

const SECRET = bytes("a secret");

test("headers sent on: refused with 502, and the call counts as refused", () => {
  const host = hostWith();
  for (const request of [PUBLIC, PRIVATE]) {
    const answer = host.request({ ...request, response: { body: SECRET, early: true } });
    assert.deepEqual([answer.reply?.status, reasonOf(answer)], [502, "early_answer"]);
    assert.equal(answer.response, undefined);
    assert.equal(answer.upstream.body.length, 0, "no byte of the body is sent on");
  }
  assert.equal(host.metrics.all()["scopegate.rejected.early_answer"], 2);
});

test("headers held: the server hears of the request after the verdict", () => {
  const answer = hostWith({ holdsHeaders: true }).request({ ...PUBLIC, response: { body: SECRET, early: true } });
  assert.deepEqual(answer.response?.body, SECRET);
});

test("after the verdict an answer is not touched", () => {
  const answer = hostWith().request({ ...PUBLIC, response: { body: SECRET } });
  assert.deepEqual(answer.response, { status: 200, headers: [], body: SECRET, cut: false });
});

test("what Envoy says itself before the verdict goes on, but not a direct response", () => {
  const early = (status: number, details: string) =>
    hostWith().request({ ...PUBLIC, response: { status, body: SECRET, details, early: true } });
  assert.equal(early(408, "request_overall_timeout").reply, undefined);
  assert.equal(early(503, "no_healthy_upstream").reply, undefined);
  assert.equal(early(200, "direct_response").reply?.status, 502);
  assert.equal(early(200, "").reply?.status, 502);
});

test("code details that cannot be read: refused", () => {
  const host = hostWith({ failure: (name, count) => (name === "proxy_get_property" && count === 2 ? 10 : undefined) });
  const response = { status: 408, details: "request_overall_timeout", early: true };
  assert.equal(host.request({ ...PUBLIC, response }).reply?.status, 502);
});
