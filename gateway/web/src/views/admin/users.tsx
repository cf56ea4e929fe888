// The accounts: who may sign in, and as what.
import { useState } from "preact/hooks";
import { call } from "../../api.ts";
import { useDeed, useLoaded } from "../../hooks.ts";
import { me } from "../../session.ts";
import { shortTime } from "../../time.ts";
import type { User } from "../../wire.ts";
import { Failure, Time, Waiting } from "../parts.tsx";
import { CreateUserDialog, UserActions } from "./user_actions.tsx";

interface Page {
  users: User[];
  next_page_token: string;
}

function askPage(token: string): Promise<Page> {
  return call<Page>("GET", `/api/admin/users?page_size=100&page_token=${token}`);
}

export function UsersPart() {
  const list = useLoaded("users", () => askPage(""));
  const { users, next_page_token: token } = list.data ?? { users: [], next_page_token: "" };
  const deed = useDeed();
  const setUsers = (change: (users: User[]) => User[]) => list.set({ users: change(users), next_page_token: token });
  async function more() {
    const page = await askPage(token);
    list.set({ ...page, users: [...users, ...page.users] });
  }
  const [isCreating, setIsCreating] = useState(false);
  return (
    <section class="card" aria-labelledby="users-title">
      <header class="section-head">
        <h2 id="users-title">People</h2>
        <button type="button" class="small" onClick={() => setIsCreating(true)}>
          New account
        </button>
      </header>
      {isCreating && <CreateUserDialog onClose={() => setIsCreating(false)} onCreated={(u) => setUsers((all) => [...all, u])} />}
      <Failure text={list.error} retry={() => void list.reload()} />
      {!list.data && !list.error && <Waiting lines={4} />}
      {list.data && (
        <div class="table tall" tabIndex={0} role="region" aria-label="Accounts">
          <table>
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">E-mail</th>
                <th scope="col">Since</th>
                <th scope="col">Role</th>
                <th scope="col">Active</th>
                <th scope="col">
                  <span class="hidden">What can be done</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {users.map((u) => (
                <UserRow key={u.id} user={u} onChange={(n) => setUsers((all) => all.map((o) => (o.id === n.id ? n : o)))} onDeleted={() => setUsers((all) => all.filter((o) => o.id !== u.id))} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      <Failure text={deed.error} />
      {token && (
        <p class="buttons">
          <button type="button" disabled={deed.busy} onClick={() => deed.run(more)}>
            More
          </button>
        </p>
      )}
    </section>
  );
}

interface UserRowProps {
  user: User;
  onChange: (user: User) => void;
  onDeleted: () => void;
}

function UserRow({ user, onChange, onDeleted }: UserRowProps) {
  const deed = useDeed();
  const isMe = user.id === me.value?.id;
  function change(changes: Partial<User>) {
    void deed.run(async () => onChange(await call<User>("PATCH", `/api/users/${user.id}`, changes)));
  }
  return (
    <tr>
      <th scope="row">
        <bdi>{user.username}</bdi>
        <Failure text={deed.error} />
      </th>
      <td class="whole">{user.email}</td>
      <td>
        <Time iso={user.created_at} text={shortTime(user.created_at)} />
      </td>
      <td>
        <select
          aria-label={`Role of ${user.username}`}
          value={user.role}
          disabled={isMe || deed.busy}
          onChange={(e) => change({ role: e.currentTarget.value as User["role"] })}
        >
          <option value="user">user</option>
          <option value="admin">admin</option>
        </select>
      </td>
      <td>
        <input
          type="checkbox"
          aria-label={`${user.username} may sign in`}
          checked={user.is_active}
          disabled={isMe || deed.busy}
          onChange={(e) => change({ is_active: e.currentTarget.checked })}
        />
      </td>
      <td>{!isMe && <UserActions user={user} onDeleted={onDeleted} />}</td>
    </tr>
  );
}
