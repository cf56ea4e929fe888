// What the gateway makes of the app's files.
import assert from "node:assert/strict";
import { cpSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

export async function files_are_compressed_kept_and_pages_found({ servers }) {
  const script = readdirSync(join(servers.web, "assets")).find((n) => n.endsWith(".js"));
  const plain = await servers.get(`/assets/${script}`);
  const packed = await servers.get(`/assets/${script}`, { "Accept-Encoding": "gzip, deflate, br" });
  assert.equal(plain.headers["content-encoding"], undefined);
  assert.equal(packed.headers["content-encoding"], "gzip");
  assert.ok(packed.body.length < 60 * 1024);
  assert.deepEqual(gunzipSync(packed.body), plain.body);
  assert.notEqual(packed.headers.etag, plain.headers.etag);
  for (const answer of [plain, packed]) {
    assert.equal(answer.headers["content-type"], "text/javascript; charset=utf-8");
    assert.equal(answer.headers["cache-control"], "public, max-age=31536000, immutable");
    assert.match(answer.headers.vary, /Accept-Encoding/);
  }
  const again = await servers.get(`/assets/${script}`, { "If-None-Match": plain.headers.etag });
  assert.equal(again.status, 304);

  const page = await servers.get("/rooms/7", { Accept: "text/html,*/*;q=0.8" });
  assert.equal(page.status, 200);
  assert.equal(page.headers["cache-control"], "no-cache");
  assert.match(page.headers["content-security-policy"], /default-src 'self'/);
  assert.doesNotMatch(page.headers["content-security-policy"], /unsafe/);
  assert.equal((await servers.get("/rooms/7", { Accept: "application/json" })).status, 404);
  assert.equal((await servers.get("/api/nothing", { Accept: "text/html" })).status, 404);
  assert.equal((await servers.get("/assets/no.js", { Accept: "text/html" })).status, 404);
  assert.equal((await servers.get("/docs", { Accept: "text/html" })).status, 200);
}

// As scripts/web does it, while the gateway runs.
export async function a_new_build_is_served_at_once({ servers }) {
  assert.equal((await servers.get("/new.txt")).status, 404);
  renameSync(servers.web, `${servers.web}.old`);
  cpSync(servers.built, servers.web, { recursive: true });
  writeFileSync(join(servers.web, "new.txt"), "new");
  rmSync(`${servers.web}.old`, { recursive: true });
  assert.equal((await servers.get("/new.txt")).status, 200);
}
