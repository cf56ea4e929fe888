// One message, and what can be done with it.
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { act, discard, sendAgain } from "../../chat.ts";
import { Markdown } from "../../markdown.tsx";
import type { Entry } from "../../outbox.ts";
import { me } from "../../session.ts";
import { timeOf } from "../../time.ts";
import type { ReplyTo, Room, RoomMessage } from "../../wire.ts";
import { Avatar, CoachAvatar, Time } from "../parts.tsx";
import { ClarifyDialog } from "./coach_dialogs.tsx";

const REACTIONS = ["👍", "❤️", "😄", "🎉", "🤔", "👏"];

interface MessageProps {
  room: Room;
  message: RoomMessage;
  day: string;
  isFirstUnread: boolean;
  isFollowing: boolean;
  seenBy: number;
  isShown: boolean;
  onReply: (message: RoomMessage) => void;
}

export function Message({ room, message: m, day, isFirstUnread, isFollowing, seenBy, isShown, onReply }: MessageProps) {
  const [isEditing, setIsEditing] = useState(false);
  const [isOpen, setIsOpen] = useState(false);
  const [isUnclear, setIsUnclear] = useState(false);
  const menu = useRef<HTMLButtonElement>(null);
  const isMine = m.user_id === me.value?.id;
  const isCoach = m.kind === "coach";
  const name = isCoach ? "Coach" : m.username || "Deleted account";
  // The focus would go with what has it.
  function done(set: (is: boolean) => void) {
    menu.current?.focus();
    set(false);
  }
  const classes = ["message", isFollowing && "following", isMine && "mine", isCoach && "of-coach", isShown && "shown"];
  return (
    <>
      {day && <li class="day">{day}</li>}
      {isFirstUnread && <li class="unread-line">New</li>}
      <li class={classes.filter(Boolean).join(" ")} data-message={m.message_id}>
        {!isFollowing && (isCoach ? <CoachAvatar /> : <Avatar name={m.username || "?"} />)}
        <div class="message-text">
          {!isFollowing && (
            <p class="message-head">
              <bdi class="author">{name}</bdi>
              <Time iso={m.timestamp} text={timeOf(m.timestamp)} />
              {isCoach && m.engine !== "builtin" && <span class="state">{m.engine}</span>}
            </p>
          )}
          {m.reply_to && <Quote reply={m.reply_to} />}
          {isEditing ? (
            <EditForm room={room} message={m} onDone={() => done(setIsEditing)} />
          ) : m.is_deleted ? (
            <p class="deleted">This message has been deleted.</p>
          ) : (
            <Markdown text={m.content} />
          )}
          {(m.edited_at || seenBy > 0) && !m.is_deleted && (
            <p class="message-foot">
              {m.edited_at && <span>edited</span>}
              {seenBy > 0 && <span>Seen by {seenBy}</span>}
            </p>
          )}
          <Reactions room={room} message={m} />
          {isOpen && (
            <Actions
              room={room}
              message={m}
              isMine={isMine}
              onReply={onReply}
              onEdit={() => setIsEditing(true)}
              onClarify={() => setIsUnclear(true)}
              onDone={() => done(setIsOpen)}
            />
          )}
        </div>
        {!m.is_deleted && (
          <button
            ref={menu}
            type="button"
            class="icon menu"
            aria-expanded={isOpen}
            aria-label={`Actions for the message of ${name}, ${timeOf(m.timestamp)}`}
            onClick={() => setIsOpen(!isOpen)}
          >
            ⋯
          </button>
        )}
        {isUnclear && <ClarifyDialog text={m.content} onClose={() => setIsUnclear(false)} />}
      </li>
    </>
  );
}

function Quote({ reply }: { reply: ReplyTo }) {
  return (
    <blockquote>
      <bdi class="author">{reply.username || "Deleted account"}</bdi>{" "}
      <span dir="auto">{reply.excerpt || "a message that is no longer there"}</span>
    </blockquote>
  );
}

function toggle(room: Room, m: RoomMessage, emoji: string) {
  const isThere = m.reactions.some((r) => r.emoji === emoji && r.user_ids.includes(me.value?.id ?? 0));
  act({ type: "react", room_id: room.id, message_id: m.message_id, emoji, is_added: !isThere });
}

function Reactions({ room, message: m }: { room: Room; message: RoomMessage }) {
  if (m.reactions.length === 0) return null;
  return (
    <p class="reactions">
      {m.reactions.map((r) => (
        <button
          key={r.emoji}
          type="button"
          aria-pressed={r.user_ids.includes(me.value?.id ?? 0)}
          aria-label={`${r.emoji} ${r.count}`}
          onClick={() => toggle(room, m, r.emoji)}
        >
          <span aria-hidden="true">{r.emoji}</span> {r.count}
        </button>
      ))}
    </p>
  );
}

interface ActionsProps {
  room: Room;
  message: RoomMessage;
  isMine: boolean;
  onReply: (message: RoomMessage) => void;
  onEdit: () => void;
  onClarify: () => void;
  onDone: () => void;
}

function Actions({ room, message: m, isMine, onReply, onEdit, onClarify, onDone }: ActionsProps) {
  // Who asked the coach may delete what it said.
  const isAsker = m.kind === "coach" && m.reply_to?.user_id === me.value?.id;
  const mayDelete = isMine || isAsker || room.my_role === "moderator" || room.my_role === "creator" || me.value?.role === "admin";
  function then(what: () => void) {
    what();
    onDone();
  }
  return (
    <div class="actions" role="group" aria-label="Actions" onKeyDown={(e) => e.key === "Escape" && onDone()}>
      {REACTIONS.map((emoji) => (
        <button key={emoji} type="button" class="icon" aria-label={`React with ${emoji}`} onClick={() => then(() => toggle(room, m, emoji))}>
          {emoji}
        </button>
      ))}
      <button type="button" class="quiet" onClick={() => then(() => onReply(m))}>
        Reply
      </button>
      <button type="button" class="quiet" onClick={() => then(onClarify)}>
        Clarify
      </button>
      {isMine && (
        <button type="button" class="quiet" onClick={() => then(onEdit)}>
          Edit
        </button>
      )}
      {mayDelete && (
        <button
          type="button"
          class="quiet danger"
          onClick={() => then(() => act({ type: "delete_message", room_id: room.id, message_id: m.message_id }))}
        >
          Delete
        </button>
      )}
    </div>
  );
}

function EditForm({ room, message: m, onDone }: { room: Room; message: RoomMessage; onDone: () => void }) {
  const [content, setContent] = useState(m.content);
  const id = useId();
  const area = useRef<HTMLTextAreaElement>(null);
  const [since] = useState(m.edited_at);
  useEffect(() => area.current?.focus(), []);
  // What has been written stays until the server is known to have it.
  useEffect(() => {
    if (m.edited_at !== since) onDone();
  }, [m.edited_at]);
  function save() {
    const text = content.trim();
    if (text === "" || text === m.content) onDone();
    else act({ type: "edit_message", room_id: room.id, message_id: m.message_id, content: text });
  }
  return (
    <form
      class="edit"
      onSubmit={(e) => {
        e.preventDefault();
        save();
      }}
      onKeyDown={(e) => e.key === "Escape" && onDone()}
    >
      <label class="hidden" for={id}>
        Edit the message
      </label>
      <textarea
        id={id}
        dir="auto"
        rows={3}
        maxLength={5000}
        value={content}
        ref={area}
        onInput={(e) => setContent(e.currentTarget.value)}
      />
      <p class="buttons">
        <button type="submit" class="primary small">
          Save
        </button>
        <button type="button" class="small" onClick={onDone}>
          Cancel
        </button>
      </p>
    </form>
  );
}

// What is not known to be on the server: at the end, until it has its place.
export function Unsent({ entry }: { entry: Entry }) {
  const name = me.value?.username ?? "?";
  return (
    <li class="message mine unsent" data-unsent={entry.client_message_id}>
      <Avatar name={name} />
      <div class="message-text">
        <p class="message-head">
          <bdi class="author">{name}</bdi>
          <span class="state">{entry.refused ? "Not sent" : "Sending…"}</span>
        </p>
        <Markdown text={entry.content} />
        {entry.refused && (
          <p class="refused" role="alert">
            {entry.refused}{" "}
            <button type="button" class="link" onClick={() => sendAgain(entry.client_message_id)}>
              Send again
            </button>{" "}
            <button type="button" class="link" onClick={() => discard(entry.client_message_id)}>
              Discard
            </button>
          </p>
        )}
      </div>
    </li>
  );
}
