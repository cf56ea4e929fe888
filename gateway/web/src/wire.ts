// The shapes of the JSON that the gateway sends, made out of the types that protoc-gen-es generates.
//
// The generated code itself is not used at run time. It reads protobuf's canonical JSON, whereas ours
// keeps the names of the contract, has int64 as numbers, enums as short words, and null for what is
// unset. So the generated types are taken and translated here, which costs no byte of script, and a
// field that the contract loses is an error of the compiler.
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import type * as admin from "./gen/socializer/v1/admin_pb.ts";
import type * as chat from "./gen/socializer/v1/chat_pb.ts";
import type * as coach from "./gen/socializer/v1/coach_pb.ts";
import type * as event from "./gen/socializer/v1/event_pb.ts";
import type * as room from "./gen/socializer/v1/room_pb.ts";
import type * as skill from "./gen/socializer/v1/skill_pb.ts";
import type * as training from "./gen/socializer/v1/training_pb.ts";
import type * as user from "./gen/socializer/v1/user_pb.ts";

type Snake<S extends string> = S extends `${infer Head}${infer Tail}`
  ? Head extends Lowercase<Head>
    ? `${Head}${Snake<Tail>}`
    : `_${Lowercase<Head>}${Snake<Tail>}`
  : S;

type Words<Enum> = Lowercase<Exclude<keyof Enum & string, "UNSPECIFIED">>;

// A number is assignable to any enum, but a number that no enum has only to number.
type Value<T> = [T] extends [bigint]
  ? number
  : [T] extends [boolean | string]
    ? T
    : [55555] extends [T]
      ? number
      : [T] extends [number]
        ? EnumWord<T>
        : [T] extends [Timestamp]
          ? string
          : [T] extends [(infer Item)[]]
            ? Value<Item>[]
            : Wire<T>;

// Which enum a value is of is found by asking them one after the other.
type Enums = [
  [user.Role, typeof user.Role],
  [user.MessageRole, typeof user.MessageRole],
  [room.RoomType, typeof room.RoomType],
  [room.MemberRole, typeof room.MemberRole],
  [room.MemberState, typeof room.MemberState],
  [room.InviteStatus, typeof room.InviteStatus],
  [room.RoomCoach, typeof room.RoomCoach],
  [room.CoachHears, typeof room.CoachHears],
  [event.MessageKind, typeof event.MessageKind],
  [coach.CoachTask, typeof coach.CoachTask],
  [training.TrainingStatus, typeof training.TrainingStatus],
  [skill.EvidenceSource, typeof skill.EvidenceSource],
  [admin.LeaseMode, typeof admin.LeaseMode],
];
type EnumWord<T, List = Enums> = List extends [[infer V, infer Enum], ...infer Rest]
  ? [T] extends [V]
    ? Words<Enum>
    : EnumWord<T, Rest>
  : never;

type Oneof<T> = T extends { case: infer Case extends string; value: infer V }
  ? { [K in Case as Snake<K>]: Value<V> | null }
  : never;
type IsOneof<T> = [Extract<T, { case: string }>] extends [never] ? false : true;
type All<U> = (U extends unknown ? (u: U) => void : never) extends (all: infer I) => void ? I : never;

type Plain<M> = {
  [K in keyof M as K extends `$${string}` ? never : IsOneof<M[K]> extends true ? never : Snake<K & string>]-?: undefined extends M[K]
    ? Value<Exclude<M[K], undefined>> | null
    : Value<M[K]>;
};
type OneofKeys<M> = { [K in keyof M]-?: IsOneof<M[K]> extends true ? K : never }[keyof M];
type Oneofs<M> = All<Oneof<M[OneofKeys<M>]>>;

// A message as JSON.
export type Wire<M> = Plain<M> & Oneofs<M>;

export type User = Wire<user.User>;
export type MemoryMessage = Wire<user.MemoryMessage>;
export type Preference = Wire<user.Preference>;
export type Session = Wire<user.Session>;
export type Erasure = Wire<user.Erasure>;
export type LoginResponse = Wire<user.LoginResponse>;
export type Room = Wire<room.Room>;
export type Member = Wire<room.Member>;
export type MemberRole = Words<typeof room.MemberRole>;
export type Invite = Wire<room.Invite>;
export type RoomMessage = Wire<event.RoomMessage>;
export type ReplyTo = Wire<event.ReplyTo>;
export type Reaction = Wire<event.Reaction>;
export type UpdateRoom = Partial<Omit<Wire<chat.UpdateRoomRequest>, "room_id">>;
export type CreateRoom = Partial<Wire<chat.CreateRoomRequest>>;
export type InviteResult = Wire<chat.InviteResult>;
export type OnlineUser = Wire<chat.OnlineUser>;
export type RoomMessages = Wire<chat.ListRoomMessagesResponse>;
export type MemoryThread = Wire<user.MemoryThread>;
export type AnswerSoFar = Wire<coach.GetAnswerResponse>;
export type Rehearsal = Wire<coach.RehearseResponse>;
export type Clarified = Wire<coach.ClarifyResponse>;
export type CoachSettings = Wire<coach.CoachSettings>;
export type CoachServerSettings = Wire<coach.ServerSettings>;
export type Disclosure = Wire<coach.Disclosure>;
export type Engine = Wire<coach.Engine>;
export type Skill = Wire<skill.Skill>;
export type UserSkill = Wire<skill.UserSkill>;
export type LevelChange = Wire<skill.LevelChange>;
export type LevelEvidence = Wire<skill.LevelEvidence>;
export type Training = Wire<training.Training>;
export type TrainingStatus = Words<typeof training.TrainingStatus>;
export type Reminder = Wire<training.GetReminderResponse>;
export type Pool = Wire<admin.GetPoolResponse>;
export type Query = Wire<admin.Query>;
