// Who one is, how the app looks, and the way out.
import { useState } from "preact/hooks";
import { call } from "../../api.ts";
import { useDeed } from "../../hooks.ts";
import { me, signOut } from "../../session.ts";
import { chooseTheme, theme, type Theme } from "../../theme.ts";
import { fullTime } from "../../time.ts";
import type { User } from "../../wire.ts";
import { Done, Failure, Field, valuesOf } from "../parts.tsx";

export function ProfilePart() {
  const leaving = useDeed();
  return (
    <>
      <Profile />
      <Appearance />
      <section class="card" aria-labelledby="session-title">
        <h2 id="session-title">This session</h2>
        <p>
          Signed in as <bdi>{me.value?.username}</bdi>.
        </p>
        <Failure text={leaving.error} />
        <p class="buttons">
          <button type="button" disabled={leaving.busy} onClick={() => leaving.run(signOut)}>
            Sign out
          </button>
        </p>
      </section>
    </>
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
        <p class="hint">
          {me.value?.role === "admin" ? "Administrator" : "Member"} since {fullTime(me.value?.created_at ?? null)}
        </p>
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

const looks: [Theme, string][] = [
  ["system", "As the device"],
  ["light", "Light"],
  ["dark", "Dark"],
];

function Appearance() {
  const deed = useDeed();
  return (
    <section class="card" aria-labelledby="appearance-title">
      <h2 id="appearance-title">Appearance</h2>
      <div class="tabs" role="group" aria-labelledby="appearance-title">
        {looks.map(([value, label]) => (
          <button key={value} type="button" aria-pressed={theme.value === value} onClick={() => deed.run(() => chooseTheme(value))}>
            {label}
          </button>
        ))}
      </div>
      <Failure text={deed.error} />
    </section>
  );
}
