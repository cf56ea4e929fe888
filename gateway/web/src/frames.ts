// The frames of /ws/chat; docs/websocket.md says what each means. Types and fields that are not here
// are ignored: there will be more.
import type { MemberRole, OnlineUser, RoomMessage } from "./wire.ts";

interface InRoom {
  room_id: number;
}
interface Durable extends InRoom {
  seq: number;
}
interface Person {
  user_id: number;
  username: string;
}

export type MessageFrame = { type: "chat_message" } & RoomMessage;
export type EditedFrame = Durable & Person & { type: "message_edited"; message_id: number; content: string; edited_at: string };
export type DeletedFrame = Durable & Person & { type: "message_deleted"; message_id: number };
export type ReactionFrame = Durable &
  Person & { type: "message_reaction"; message_id: number; emoji: string; is_added: boolean };
export type MemberFrame = Durable &
  Person & {
    type: "member_changed";
    change: string;
    by_username: string;
    role: MemberRole | null;
    muted_until: string | null;
  };
export type RoomFrame = Durable & { type: "room_updated"; name: string; description: string };

// The coach in a room: an answer to somebody's message, while it comes.
interface RoomCoach extends InRoom, Person {
  answer_id: string;
  message_id: number;
}
export type RoomCoachDeltaFrame = RoomCoach & { type: "coach_delta"; offset: number; text: string };
export type RoomCoachDoneFrame = RoomCoach & { type: "coach_done"; code: string; message?: string; notice?: string };

// What is numbered in a room.
export type DurableFrame =
  | MessageFrame
  | EditedFrame
  | DeletedFrame
  | ReactionFrame
  | MemberFrame
  | RoomFrame
  | (Durable & { type: "room_event" });

export type ServerFrame =
  | DurableFrame
  | (Person & { type: "connection_established" })
  | (InRoom & { type: "room_joined"; last_seq: number; recovered: boolean; first_seq: number })
  | (InRoom & { type: "chat_history"; messages: RoomMessage[] })
  | (InRoom & { type: "room_left"; reason: string })
  | (InRoom & Person & { type: "user_joined" | "user_left" })
  | (InRoom & Person & { type: "user_typing"; is_typing: boolean })
  | (Durable & Person & { type: "message_read" })
  | (Durable & { type: "room_read" })
  | (Durable & { type: "message_sent"; message_id: number; client_message_id: string })
  | { type: "online_users"; room_id?: number; users: OnlineUser[]; count: number }
  | { type: "invite" }
  | (InRoom & { type: "membership_changed"; is_member: boolean })
  | { type: "coach_delta"; answer_id: string; thread_id: string; room_id?: undefined; offset: number; text: string }
  | RoomCoachDeltaFrame
  | RoomCoachDoneFrame
  | {
      type: "coach_done";
      answer_id: string;
      thread_id: string;
      room_id?: undefined;
      code: string;
      response?: string;
      engine?: string;
      message?: string;
    }
  | {
      type: "level_changed";
      skill_id: number;
      skill_name: string;
      old_level: number;
      new_level: number;
      change_id: number;
      is_reverted: boolean;
      is_milestone: boolean;
    }
  | { type: "training_completed"; training_id: number; skill_id: number; skill_name: string }
  | { type: "pong" }
  | {
      type: "error";
      code: string;
      message: string;
      field?: string;
      retry_after_ms?: number;
      client_message_id?: string;
      room_id?: number;
      message_id?: number;
      answer_id?: string;
    };

export type ClientFrame =
  | { type: "join_room"; room_id: number; after_seq: number }
  | { type: "leave_room"; room_id: number }
  | { type: "chat_message"; room_id: number; content: string; client_message_id: string; reply_to?: number }
  | { type: "edit_message"; room_id: number; message_id: number; content: string }
  | { type: "delete_message"; room_id: number; message_id: number }
  | { type: "react"; room_id: number; message_id: number; emoji: string; is_added: boolean }
  | { type: "typing"; room_id: number; is_typing: boolean }
  | { type: "read"; room_id: number; seq: number }
  | { type: "coach_message"; content: string; thread_id: string; answer_id: string }
  | { type: "coach_cancel"; answer_id: string }
  | { type: "get_online_users"; room_id?: number }
  | { type: "ping" };
