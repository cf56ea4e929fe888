// A new room, with everything that can be said of it.
import { useState } from "preact/hooks";
import { ApiError, call, enc } from "../api.ts";
import { refreshRooms } from "../chat.ts";
import { useDeed } from "../hooks.ts";
import { go } from "../router.tsx";
import type { CreateRoom, Room, User } from "../wire.ts";
import { Check, Dialog, Failure, Field, valuesOf } from "./parts.tsx";

const DAY_S = 86_400;

// "ada, grace" as numbers. The name that nobody has is an error of its field.
async function idsOf(names: string): Promise<number[]> {
  const wanted = names.split(/[\s,]+/).filter((n) => n !== "");
  return Promise.all(
    wanted.map(async (name) => {
      try {
        return (await call<User>("GET", `/api/users/by-username/${enc(name)}`)).id;
      } catch (error) {
        if (error instanceof ApiError && error.code === "NOT_FOUND")
          throw new ApiError(error.code, `Nobody is called ${name}.`, error.status, "user_ids");
        throw error;
      }
    }),
  );
}

export function CreateRoomDialog({ onClose }: { onClose: () => void }) {
  const [isDirect, setIsDirect] = useState(false);
  const deed = useDeed();

  async function create(v: Record<string, string>) {
    const user_ids = await idsOf(v["user_ids"] ?? "");
    if (isDirect && user_ids.length !== 1)
      throw new ApiError("INVALID_ARGUMENT", "Name one person.", 0, "user_ids");
    const body: CreateRoom = isDirect
      ? { type: "direct", user_ids }
      : {
          type: "group",
          name: v["name"] ?? "",
          description: v["description"] ?? "",
          is_public: v["is_public"] === "on",
          password: v["password"] ?? "",
          coach_enabled: v["coach_enabled"] === "on",
          max_members: Number(v["max_members"] ?? 0),
          retention_seconds: Math.round(Number(v["retention_days"] ?? 0) * DAY_S),
          user_ids,
        };
    const room = await call<Room>("POST", "/api/rooms", body);
    await refreshRooms();
    onClose();
    go(`/rooms/${room.id}`);
  }

  return (
    <Dialog title="New room" onClose={onClose}>
      <form
        onSubmit={(event) => {
          const values = valuesOf(event);
          void deed.run(() => create(values));
        }}
      >
        <div class="tabs" role="group" aria-label="Kind of room">
          <button type="button" aria-pressed={!isDirect} onClick={() => setIsDirect(false)}>
            Group
          </button>
          <button type="button" aria-pressed={isDirect} onClick={() => setIsDirect(true)}>
            Two people
          </button>
        </div>
        {isDirect ? (
          <Field label="With" name="user_ids" hint="A user name" required deed={deed} />
        ) : (
          <>
            <Field label="Name" name="name" required maxLength={100} deed={deed} />
            <Field label="Description" name="description" maxLength={1000} multiline deed={deed} />
            <Check name="is_public" label="Public" hint="Listed, and open to everybody" />
            <Check name="coach_enabled" label="Coach" hint="Answers when it is addressed with @coach" />
            <Field label="Invite" name="user_ids" hint="User names, separated by commas" deed={deed} />
            <details class="more">
              <summary>More options</summary>
              <Field
                label="Password"
                name="password"
                type="password"
                autocomplete="new-password"
                maxLength={1024}
                hint="Who is invited does not need it"
                deed={deed}
              />
              <Field label="At most this many people" name="max_members" type="number" defaultValue="1000" min={1} max={10000} deed={deed} />
              <Field
                label="Keep messages for this many days"
                name="retention_days"
                type="number"
                defaultValue="0"
                min={0}
                max={36500}
                hint="0 keeps them for good"
                deed={deed}
              />
            </details>
          </>
        )}
        <Failure text={deed.field === "" || deed.field === "type" ? deed.error : ""} />
        <p class="buttons end">
          <button type="submit" class="primary" disabled={deed.busy}>
            {deed.busy ? "Creating…" : "Create room"}
          </button>
        </p>
      </form>
    </Dialog>
  );
}
