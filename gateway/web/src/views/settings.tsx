// The account: who one is, how the coach speaks, and the way out.
import { useState } from "preact/hooks";
import { call } from "../api.ts";
import { useDeed } from "../hooks.ts";
import { me, signOut } from "../session.ts";
import type { User } from "../wire.ts";
import { Dialog, Failure, Field, PageTitle, valuesOf } from "./parts.tsx";

export function Settings() {
  const leaving = useDeed();
  return (
    <main class="page narrow">
      <PageTitle title="Settings">Settings</PageTitle>
      <Profile />
      <Temperature />
      <Password />
      <section class="card" aria-labelledby="session-title">
        <h2 id="session-title">Session</h2>
        <p>
          Signed in as <bdi>{me.value?.username}</bdi>.
        </p>
        <Failure text={leaving.error} />
        <p class="buttons">
          <button type="button" disabled={leaving.busy} onClick={() => leaving.run(signOut)}>
            Sign out
          </button>
          <DeleteAccount />
        </p>
      </section>
    </main>
  );
}

function Done({ isDone }: { isDone: boolean }) {
  return (
    <span role="status" class="done">
      {isDone ? "Saved" : ""}
    </span>
  );
}

function Profile() {
  const deed = useDeed();
  const [isDone, setIsDone] = useState(false);
  async function save(v: Record<string, string>) {
    setIsDone(false);
    const user = me.value;
    if (!user) return;
    const changes: Partial<User> = {};
    if (v["username"] !== user.username) changes.username = v["username"] ?? "";
    if (v["email"] !== user.email) changes.email = v["email"] ?? "";
    if (Object.keys(changes).length > 0) me.value = await call<User>("PATCH", "/api/users/me", changes);
    setIsDone(true);
  }
  return (
    <section class="card" aria-labelledby="profile-title">
      <h2 id="profile-title">Profile</h2>
      <form
        onSubmit={(event) => {
          const v = valuesOf(event);
          void deed.run(() => save(v));
        }}
      >
        <Field label="User name" name="username" autocomplete="username" defaultValue={me.value?.username ?? ""} required deed={deed} />
        <Field label="E-mail" name="email" type="email" autocomplete="email" defaultValue={me.value?.email ?? ""} required deed={deed} />
        <Failure text={deed.field === "" ? deed.error : ""} />
        <p class="buttons">
          <button type="submit" disabled={deed.busy}>
            Save
          </button>
          <Done isDone={isDone} />
        </p>
      </form>
    </section>
  );
}

function Temperature() {
  const deed = useDeed();
  const [value, setValue] = useState(me.value?.temperature ?? 0.7);
  async function save(temperature: number) {
    me.value = await call<User>("PUT", "/api/users/me/temperature", { temperature });
  }
  return (
    <section class="card" aria-labelledby="coach-title">
      <h2 id="coach-title">Coach</h2>
      <label class="measure">
        <span>
          Temperature <strong>{value.toFixed(1)}</strong>
        </span>
        <input
          type="range"
          min={0}
          max={2}
          step={0.1}
          value={value}
          aria-describedby="temperature-hint"
          onInput={(e) => setValue(Number(e.currentTarget.value))}
          onChange={(e) => {
            const temperature = Number(e.currentTarget.value);
            void deed.run(() => save(temperature));
          }}
        />
      </label>
      <p class="hint" id="temperature-hint">
        How adventurous the coach's words are: 0 is plain, 2 is daring.
      </p>
      <Failure text={deed.error} />
    </section>
  );
}

function Password() {
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

function DeleteAccount() {
  const [asks, setAsks] = useState(false);
  const deed = useDeed();
  async function remove() {
    await call("DELETE", "/api/users/me");
    me.value = null;
  }
  return (
    <>
      <button type="button" class="danger" onClick={() => setAsks(true)}>
        Delete account
      </button>
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
    </>
  );
}
