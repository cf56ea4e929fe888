// Changing the password.
import { useState } from "preact/hooks";
import { call } from "../../api.ts";
import { useDeed } from "../../hooks.ts";
import { me } from "../../session.ts";
import { Done, Failure, Field, valuesOf } from "../parts.tsx";

export function PasswordForm() {
  const deed = useDeed();
  const [isDone, setIsDone] = useState(false);
  async function save(v: Record<string, string>, form: HTMLFormElement) {
    setIsDone(false);
    await call("POST", "/api/users/me/password", v);
    form.reset();
    setIsDone(true);
  }
  return (
    <section class="card" aria-labelledby="password-title">
      <h2 id="password-title">Password</h2>
      <form
        onSubmit={(event) => {
          const form = event.currentTarget;
          const v = valuesOf(event);
          void deed.run(() => save(v, form));
        }}
      >
        {/* For password managers: whose it is. */}
        <input hidden readOnly autocomplete="username" value={me.value?.username ?? ""} />
        <Field label="Current password" name="current_password" type="password" autocomplete="current-password" required deed={deed} />
        <Field
          label="New password"
          name="new_password"
          type="password"
          autocomplete="new-password"
          minLength={8}
          maxLength={1024}
          hint="At least 8 characters. All other sessions end."
          required
          deed={deed}
        />
        <Failure text={deed.field === "" ? deed.error : ""} />
        <p class="buttons">
          <button type="submit" disabled={deed.busy}>
            Change password
          </button>
          <Done isDone={isDone} />
        </p>
      </form>
    </section>
  );
}
