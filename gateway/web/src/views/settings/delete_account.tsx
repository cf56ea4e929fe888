// The end of an account.
import { useState } from "preact/hooks";
import { call } from "../../api.ts";
import { useDeed } from "../../hooks.ts";
import { leave, me, receipt } from "../../session.ts";
import type { Erasure } from "../../wire.ts";
import { Dialog, Failure, Field, valuesOf } from "../parts.tsx";

export function DeleteAccount() {
  const [asks, setAsks] = useState(false);
  const deed = useDeed();
  async function remove(password: string) {
    await leave(async () => {
      const { erasure } = await call<{ erasure: Erasure }>("POST", "/api/users/me/delete", { password });
      receipt.value = erasure;
    });
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
          <p>
            What you have said is shown no more, conversations with the coach can be read by nobody, and your name is free. You get a
            receipt of what was deleted. That cannot be taken back.
          </p>
          <form
            onSubmit={(event) => {
              const v = valuesOf(event);
              void deed.run(() => remove(v["password"] ?? ""));
            }}
          >
            <input hidden readOnly autocomplete="username" value={me.value?.username ?? ""} />
            <Field label="Your password" name="password" type="password" autocomplete="current-password" required deed={deed} />
            <Failure text={deed.field === "password" ? "" : deed.error} />
            <p class="buttons end">
              <button type="submit" class="primary danger" disabled={deed.busy}>
                Delete for good
              </button>
            </p>
          </form>
        </Dialog>
      )}
    </section>
  );
}
