// What an administrator does with accounts: making one, a new password, deleting.
import { useState } from "preact/hooks";
import { call } from "../../api.ts";
import { useDeed } from "../../hooks.ts";
import type { User } from "../../wire.ts";
import { Choice, Confirm, Dialog, Failure, Field, valuesOf } from "../parts.tsx";

export function CreateUserDialog({ onClose, onCreated }: { onClose: () => void; onCreated: (user: User) => void }) {
  const deed = useDeed();
  async function create(v: Record<string, string>) {
    onCreated(await call<User>("POST", "/api/admin/users", v));
    onClose();
  }
  return (
    <Dialog title="New account" onClose={onClose}>
      <form
        onSubmit={(event) => {
          const v = valuesOf(event);
          void deed.run(() => create(v));
        }}
      >
        <Field label="User name" name="username" autocomplete="off" required minLength={3} maxLength={50} deed={deed} />
        <Field label="E-mail" name="email" type="email" autocomplete="off" required deed={deed} />
        <Field label="Password" name="password" type="password" autocomplete="new-password" required minLength={8} deed={deed} />
        <Choice
          label="Role"
          name="role"
          chosen="user"
          options={[
            ["user", "user"],
            ["admin", "admin"],
          ]}
        />
        <Failure text={deed.field === "" ? deed.error : ""} />
        <p class="buttons end">
          <button type="submit" class="primary" disabled={deed.busy}>
            Create
          </button>
        </p>
      </form>
    </Dialog>
  );
}

export function UserActions({ user, onDeleted }: { user: User; onDeleted: () => void }) {
  const [asks, setAsks] = useState<"" | "password" | "delete">("");
  const deed = useDeed();
  async function remove() {
    await call("POST", `/api/users/${user.id}/delete`);
    onDeleted();
  }
  async function reset(new_password: string) {
    await call("POST", `/api/admin/users/${user.id}/password`, { new_password });
    setAsks("");
  }
  return (
    <span class="buttons">
      <button type="button" class="small" onClick={() => setAsks("password")}>
        Password<span class="hidden"> of {user.username}</span>
      </button>
      <button type="button" class="small danger" onClick={() => setAsks("delete")}>
        Delete<span class="hidden"> {user.username}</span>
      </button>
      {asks === "password" && (
        <Dialog title={`A new password for ${user.username}`} onClose={() => setAsks("")}>
          <form
            onSubmit={(event) => {
              const v = valuesOf(event);
              void deed.run(() => reset(v["new_password"] ?? ""));
            }}
          >
            <Field
              label="New password"
              name="new_password"
              type="password"
              autocomplete="new-password"
              minLength={8}
              hint="All sessions of theirs end."
              required
              deed={deed}
            />
            <Failure text={deed.field === "new_password" ? "" : deed.error} />
            <p class="buttons end">
              <button type="submit" class="primary" disabled={deed.busy}>
                Set
              </button>
            </p>
          </form>
        </Dialog>
      )}
      {asks === "delete" && (
        <Confirm title={`Delete ${user.username}?`} word="Delete for good" onDo={remove} onClose={() => setAsks("")}>
          The account and everything that belongs to it goes at once and for good.
        </Confirm>
      )}
    </span>
  );
}
