// The end of an account.
import { useState } from "preact/hooks";
import { call } from "../../api.ts";
import { useDeed } from "../../hooks.ts";
import { forget } from "../../session.ts";
import { Dialog, Failure } from "../parts.tsx";

export function DeleteAccount() {
  const [asks, setAsks] = useState(false);
  const deed = useDeed();
  async function remove() {
    await call("DELETE", "/api/users/me");
    forget("Your account is deleted.");
  }
  return (
    <section class="card" aria-labelledby="delete-title">
      <h2 id="delete-title">Delete your account</h2>
      <p class="hint">Your account and everything that belongs to it, at once and for good.</p>
      <p class="buttons">
        <button type="button" class="danger" onClick={() => setAsks(true)}>
          Delete account
        </button>
      </p>
      {asks && (
        <Dialog title="Delete your account?" onClose={() => setAsks(false)}>
          <p>Your account and everything that belongs to it is deleted at once and for good.</p>
          <Failure text={deed.error} />
          <p class="buttons end">
            <button type="button" class="primary danger" disabled={deed.busy} onClick={() => deed.run(remove)}>
              Delete for good
            </button>
          </p>
        </Dialog>
      )}
    </section>
  );
}
