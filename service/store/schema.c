#include "service/store/schema.h"

#include "common/cleanup.h"

/* What belongs to a user goes with the user (ON DELETE CASCADE). Chat messages are the exception:
 * the sequence of a room has no holes, so store/erasure.h first empties them, and the row stays.
 *
 * Ids are AUTOINCREMENT because a number that once named a deleted user or message must never name
 * another one: clients keep such numbers.
 *
 * The …_key columns hold the folded name, which makes names unique whatever their capitals. */
static const char version_1[] =
        "CREATE TABLE account ("
        "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
        "  username TEXT NOT NULL,"
        "  username_key TEXT NOT NULL UNIQUE,"
        "  email TEXT NOT NULL,"
        "  email_key TEXT NOT NULL UNIQUE,"
        "  password_hash TEXT NOT NULL,"
        "  is_active INTEGER NOT NULL DEFAULT 1 CHECK (is_active IN (0, 1)),"
        "  role INTEGER NOT NULL DEFAULT 1 CHECK (role IN (1, 2))," /* socializer.v1.Role */
        "  temperature REAL NOT NULL DEFAULT 0.7 CHECK (temperature BETWEEN 0 AND 2),"
        "  created_at INTEGER NOT NULL"
        ") STRICT;"

        "CREATE TABLE session ("
        "  jti BLOB PRIMARY KEY NOT NULL,"
        "  user_id INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,"
        "  created_at INTEGER NOT NULL,"
        "  expires_at INTEGER NOT NULL,"
        "  revoked_at INTEGER"
        ") STRICT;"
        "CREATE INDEX session_user ON session (user_id);"

        "CREATE TABLE preference ("
        "  user_id INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,"
        "  type TEXT NOT NULL,"
        "  key TEXT NOT NULL,"
        "  value TEXT NOT NULL," /* JSON */
        "  confidence REAL NOT NULL DEFAULT 1 CHECK (confidence BETWEEN 0 AND 1),"
        "  updated_at INTEGER NOT NULL,"
        "  PRIMARY KEY (user_id, type, key)"
        ") STRICT;"

        "CREATE TABLE memory_message ("
        "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
        "  user_id INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,"
        "  thread_id TEXT NOT NULL DEFAULT 'default',"
        "  role INTEGER NOT NULL CHECK (role IN (1, 2, 3))," /* socializer.v1.MessageRole */
        "  content TEXT NOT NULL,"
        "  created_at INTEGER NOT NULL"
        ") STRICT;"
        "CREATE INDEX memory_message_user ON memory_message (user_id, id);"
        "CREATE INDEX memory_message_thread ON memory_message (user_id, thread_id, id);"

        "CREATE TABLE skill ("
        "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
        "  name TEXT NOT NULL,"
        "  name_key TEXT NOT NULL UNIQUE,"
        "  description TEXT NOT NULL DEFAULT '',"
        "  created_at INTEGER NOT NULL"
        ") STRICT;"

        "CREATE TABLE user_skill ("
        "  user_id INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,"
        "  skill_id INTEGER NOT NULL REFERENCES skill (id) ON DELETE CASCADE,"
        "  level INTEGER NOT NULL DEFAULT 0 CHECK (level BETWEEN 0 AND 10),"
        "  updated_at INTEGER NOT NULL,"
        "  PRIMARY KEY (user_id, skill_id)"
        ") STRICT;"
        "CREATE INDEX user_skill_skill ON user_skill (skill_id);"

        "CREATE TABLE training ("
        "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
        "  user_id INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,"
        "  skill_id INTEGER NOT NULL REFERENCES skill (id) ON DELETE CASCADE,"
        "  status INTEGER NOT NULL DEFAULT 1"
        "    CHECK (status BETWEEN 1 AND 4)," /* socializer.v1.TrainingStatus */
        "  progress REAL NOT NULL DEFAULT 0 CHECK (progress BETWEEN 0 AND 1),"
        "  started_at INTEGER NOT NULL,"
        "  completed_at INTEGER,"
        "  UNIQUE (user_id, skill_id)"
        ") STRICT;"
        "CREATE INDEX training_skill ON training (skill_id, id);"

        "CREATE TABLE room ("
        "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
        "  name TEXT NOT NULL,"
        "  kind TEXT NOT NULL CHECK (kind IN ('general', 'group', 'direct')),"
        "  created_at INTEGER NOT NULL,"
        "  last_seq INTEGER NOT NULL DEFAULT 0"
        ") STRICT;"
        "INSERT INTO room (id, name, kind, created_at)"
        "  VALUES (1, 'general', 'general', CAST(strftime('%s', 'now') AS INTEGER) * 1000);"

        /* user_id NULL: its author's account is deleted, and content is empty then. A NULL
         * client_message_id equals no other, so the constraint leaves such messages alone; its
         * index also finds a user's messages. */
        "CREATE TABLE message ("
        "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
        "  room_id INTEGER NOT NULL REFERENCES room (id) ON DELETE CASCADE,"
        "  seq INTEGER NOT NULL,"
        "  user_id INTEGER REFERENCES account (id) ON DELETE SET NULL,"
        "  content TEXT NOT NULL,"
        "  client_message_id TEXT,"
        "  created_at INTEGER NOT NULL,"
        "  UNIQUE (room_id, seq),"
        "  UNIQUE (user_id, client_message_id)"
        ") STRICT;"

        /* First replies of calls that changed something. caller_id is 0 for nobody, so it refers
         * to no table; store/erasure.h clears a user's. */
        "CREATE TABLE replay ("
        "  caller_id INTEGER NOT NULL,"
        "  call_id BLOB NOT NULL,"
        "  method TEXT NOT NULL,"
        "  request_hash BLOB NOT NULL,"
        "  reply BLOB NOT NULL,"
        "  created_at INTEGER NOT NULL,"
        "  PRIMARY KEY (caller_id, call_id)"
        ") STRICT;"
        "CREATE INDEX replay_created ON replay (created_at);";

/* Rooms with members, and events that are not only messages.
 *
 * A durable event takes the next number of its room. A message is an event itself, under its own
 * number; the others are rows of room_event. Whom an event is about is no foreign key: numbers are
 * never used again, and a name that is gone is read as nobody's. */
static const char version_2[] =
        "ALTER TABLE room ADD COLUMN description TEXT NOT NULL DEFAULT '';"
        "ALTER TABLE room ADD COLUMN is_public INTEGER NOT NULL DEFAULT 0"
        "  CHECK (is_public IN (0, 1));"
        "ALTER TABLE room ADD COLUMN password_hash TEXT;"
        "ALTER TABLE room ADD COLUMN coach_enabled INTEGER NOT NULL DEFAULT 0"
        "  CHECK (coach_enabled IN (0, 1));"
        "ALTER TABLE room ADD COLUMN max_members INTEGER NOT NULL DEFAULT 1000;"
        "ALTER TABLE room ADD COLUMN n_members INTEGER NOT NULL DEFAULT 0;"
        "ALTER TABLE room ADD COLUMN retention_s INTEGER NOT NULL DEFAULT 0;"
        "ALTER TABLE room ADD COLUMN last_event_at INTEGER;"
        /* Up to here nothing is kept any more. */
        "ALTER TABLE room ADD COLUMN pruned_seq INTEGER NOT NULL DEFAULT 0;"
        /* Of a direct room: both numbers, "3:17". */
        "ALTER TABLE room ADD COLUMN pair TEXT;"
        "ALTER TABLE room ADD COLUMN deleted_at INTEGER;"
        "CREATE UNIQUE INDEX room_pair ON room (pair) WHERE deleted_at IS NULL;"
        "CREATE INDEX room_public ON room (id) WHERE is_public = 1 AND deleted_at IS NULL;"
        "CREATE INDEX room_retention ON room (id) WHERE retention_s > 0;"
        "CREATE INDEX room_deleted ON room (id) WHERE deleted_at IS NOT NULL;"

        "ALTER TABLE message ADD COLUMN edited_at INTEGER;"
        "ALTER TABLE message ADD COLUMN deleted_at INTEGER;"
        "ALTER TABLE message ADD COLUMN reply_to INTEGER;"
        "ALTER TABLE message ADD COLUMN n_reactions INTEGER NOT NULL DEFAULT 0;"

        "CREATE TABLE message_reaction ("
        "  message_id INTEGER NOT NULL REFERENCES message (id) ON DELETE CASCADE,"
        "  user_id INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,"
        "  emoji TEXT NOT NULL,"
        "  created_at INTEGER NOT NULL,"
        "  PRIMARY KEY (message_id, emoji, user_id)"
        ") STRICT, WITHOUT ROWID;"
        "CREATE INDEX message_reaction_user ON message_reaction (user_id);"

        "CREATE TABLE room_event ("
        "  room_id INTEGER NOT NULL REFERENCES room (id) ON DELETE CASCADE,"
        "  seq INTEGER NOT NULL,"
        "  kind INTEGER NOT NULL," /* enum room_event_kind */
        "  user_id INTEGER," /* whom it is about */
        "  actor_id INTEGER," /* who did it */
        "  message_id INTEGER,"
        "  detail TEXT,"
        "  value INTEGER,"
        "  created_at INTEGER NOT NULL,"
        "  PRIMARY KEY (room_id, seq)"
        ") STRICT, WITHOUT ROWID;"

        "CREATE TABLE room_member ("
        "  room_id INTEGER NOT NULL REFERENCES room (id) ON DELETE CASCADE,"
        "  user_id INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,"
        "  state INTEGER NOT NULL CHECK (state BETWEEN 1 AND 3)," /* socializer.v1.MemberState */
        "  role INTEGER NOT NULL CHECK (role BETWEEN 1 AND 3)," /* socializer.v1.MemberRole */
        "  joined_at INTEGER NOT NULL,"
        "  muted_until INTEGER,"
        "  PRIMARY KEY (room_id, user_id)"
        ") STRICT, WITHOUT ROWID;"
        "CREATE INDEX room_member_user ON room_member (user_id, state, room_id);"

        /* Not in room_member: everybody is in the general room without a row there. */
        "CREATE TABLE room_read ("
        "  user_id INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,"
        "  room_id INTEGER NOT NULL REFERENCES room (id) ON DELETE CASCADE,"
        "  seq INTEGER NOT NULL,"
        "  PRIMARY KEY (user_id, room_id)"
        ") STRICT, WITHOUT ROWID;"
        "CREATE INDEX room_read_room ON room_read (room_id);"

        "CREATE TABLE room_invite ("
        "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
        "  room_id INTEGER NOT NULL REFERENCES room (id) ON DELETE CASCADE,"
        "  user_id INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,"
        "  inviter_id INTEGER REFERENCES account (id) ON DELETE SET NULL,"
        "  status INTEGER NOT NULL CHECK (status BETWEEN 1 AND 4)," /* socializer.v1.InviteStatus */
        "  created_at INTEGER NOT NULL,"
        "  answered_at INTEGER"
        ") STRICT;"
        "CREATE UNIQUE INDEX room_invite_pending ON room_invite (room_id, user_id)"
        "  WHERE status = 1;"
        "CREATE INDEX room_invite_user ON room_invite (user_id, id);"
        "CREATE INDEX room_invite_inviter ON room_invite (inviter_id);"

        /* The words of messages. What is behind search_state.message_id waits to be taken in. */
        "CREATE VIRTUAL TABLE message_text USING fts5("
        "  content, content = 'message', content_rowid = 'id',"
        "  tokenize = 'unicode61 remove_diacritics 2');"
        "CREATE TABLE search_state ("
        "  id INTEGER PRIMARY KEY CHECK (id = 1),"
        "  message_id INTEGER NOT NULL"
        ") STRICT;"
        "INSERT INTO search_state (id, message_id) VALUES (1, 0);";

/* What people say to the coach is sealed, each with a key of their own (service/auth/vault.h). SQL
 * cannot seal: what was there before waits in memory_unsealed until the service, before it serves
 * anybody, has moved it (memory_seal_old()). After that the table is empty for ever. */
static const char version_3[] =
        "CREATE TABLE user_key ("
        "  user_id INTEGER PRIMARY KEY REFERENCES account (id) ON DELETE CASCADE,"
        "  master_id INTEGER NOT NULL,"
        "  wrapped BLOB NOT NULL"
        ") STRICT;"
        "CREATE INDEX user_key_master ON user_key (master_id);"

        "ALTER TABLE memory_message RENAME TO memory_unsealed;"
        "DROP INDEX memory_message_user;"
        "DROP INDEX memory_message_thread;"
        "CREATE INDEX memory_unsealed_user ON memory_unsealed (user_id, id);"
        /* The content is last: what comes behind a long one costs reading all of it. */
        "CREATE TABLE memory_message ("
        "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
        "  user_id INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,"
        "  thread_id TEXT NOT NULL,"
        "  role INTEGER NOT NULL CHECK (role IN (1, 2, 3))," /* socializer.v1.MessageRole */
        "  created_at INTEGER NOT NULL,"
        "  content BLOB NOT NULL" /* sealed */
        ") STRICT;"
        "CREATE INDEX memory_message_user ON memory_message (user_id, id);"
        "CREATE INDEX memory_message_thread ON memory_message (user_id, thread_id, id);"
        /* Numbers go on where they were. */
        "INSERT INTO sqlite_sequence (name, seq)"
        "  SELECT 'memory_message', seq FROM sqlite_sequence WHERE name = 'memory_unsealed';"

        "ALTER TABLE replay ADD COLUMN is_sealed INTEGER NOT NULL DEFAULT 0"
        "  CHECK (is_sealed IN (0, 1));"
        "CREATE INDEX replay_sealed ON replay (caller_id) WHERE is_sealed = 1;"
        /* These were open text, and are worth a day at most. */
        "DELETE FROM replay WHERE method = 'socializer.v1.CoachService/Chat';";

/* Skills and trainings that move by what people say.
 *
 * What somebody said is kept by reference (enum said_source and a number), never as a copy: a text
 * that is deleted is gone here as well. Numbers are never used again, so they are no foreign keys.
 */
static const char version_4[] =
        "INSERT OR IGNORE INTO skill (name, name_key, description, created_at) VALUES"
        "  ('empathy', 'empathy', 'Noticing what somebody feels, and showing it',"
        "   CAST(strftime('%s', 'now') AS INTEGER) * 1000),"
        "  ('active listening', 'active listening',"
        "   'Hearing what is said, and asking for the rest',"
        "   CAST(strftime('%s', 'now') AS INTEGER) * 1000),"
        "  ('clarity', 'clarity', 'Saying one thing at a time, so that it arrives',"
        "   CAST(strftime('%s', 'now') AS INTEGER) * 1000),"
        "  ('engagement', 'engagement', 'Keeping a conversation worth having',"
        "   CAST(strftime('%s', 'now') AS INTEGER) * 1000);"

        "ALTER TABLE training ADD COLUMN days INTEGER NOT NULL DEFAULT 30"
        "  CHECK (days BETWEEN 1 AND 365);"
        "ALTER TABLE training ADD COLUMN due_at INTEGER NOT NULL DEFAULT 0;"
        "UPDATE training SET due_at = started_at + days * 86400000;"
        /* Who trains a skill practises it. */
        "INSERT OR IGNORE INTO user_skill (user_id, skill_id, level, updated_at)"
        "  SELECT user_id, skill_id, 0, started_at FROM training;"

        "CREATE TABLE level_change ("
        "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
        "  user_id INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,"
        "  skill_id INTEGER NOT NULL REFERENCES skill (id) ON DELETE CASCADE,"
        "  old_level INTEGER NOT NULL CHECK (old_level BETWEEN 0 AND 10),"
        "  new_level INTEGER NOT NULL CHECK (new_level BETWEEN 0 AND 10),"
        "  engine TEXT NOT NULL," /* who judged; 'self' and 'admin' are people */
        "  why TEXT NOT NULL,"
        "  created_at INTEGER NOT NULL,"
        "  disputed_at INTEGER,"
        "  dispute_reason TEXT,"
        "  reverted INTEGER NOT NULL DEFAULT 0 CHECK (reverted IN (0, 1))"
        ") STRICT;"
        "CREATE INDEX level_change_user ON level_change (user_id, id);"
        "CREATE INDEX level_change_skill ON level_change (skill_id, user_id, id);"
        "CREATE TABLE level_evidence ("
        "  change_id INTEGER NOT NULL REFERENCES level_change (id) ON DELETE CASCADE,"
        "  position INTEGER NOT NULL,"
        "  source INTEGER NOT NULL CHECK (source IN (1, 2)),"
        "  message_id INTEGER NOT NULL,"
        "  PRIMARY KEY (change_id, position)"
        ") STRICT, WITHOUT ROWID;"

        /* What users said since they were evaluated. Messages of rooms behind
         * evaluation_state.message_id wait to be taken in; older ones are never evaluated. */
        "CREATE TABLE evaluation_pending ("
        "  id INTEGER PRIMARY KEY,"
        "  user_id INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,"
        "  source INTEGER NOT NULL CHECK (source IN (1, 2)),"
        "  message_id INTEGER NOT NULL"
        ") STRICT;"
        "CREATE INDEX evaluation_pending_user ON evaluation_pending (user_id, id);"
        "CREATE TABLE evaluation_state ("
        "  id INTEGER PRIMARY KEY CHECK (id = 1),"
        "  message_id INTEGER NOT NULL"
        ") STRICT;"
        "INSERT INTO evaluation_state (id, message_id)"
        "  SELECT 1, coalesce(max(id), 0) FROM message;";

/* Settings of the coach: "" is the server's, of the server the built-in. Keys are sealed. */
static const char version_5[] =
        "CREATE TABLE coach_user ("
        "  user_id INTEGER PRIMARY KEY REFERENCES account (id) ON DELETE CASCADE,"
        "  provider TEXT NOT NULL DEFAULT '',"
        "  endpoint TEXT NOT NULL DEFAULT '',"
        "  model TEXT NOT NULL DEFAULT '',"
        "  language TEXT NOT NULL DEFAULT '',"
        "  api_key BLOB"
        ") STRICT;"

        "CREATE TABLE coach_server ("
        "  id INTEGER PRIMARY KEY CHECK (id = 1),"
        "  provider TEXT NOT NULL DEFAULT '',"
        "  endpoint TEXT NOT NULL DEFAULT '',"
        "  model TEXT NOT NULL DEFAULT '',"
        "  api_key BLOB,"
        "  allow_private INTEGER NOT NULL DEFAULT 0 CHECK (allow_private IN (0, 1)),"
        "  requests_per_minute INTEGER NOT NULL DEFAULT 30,"
        "  context_bytes INTEGER NOT NULL DEFAULT 16384"
        ") STRICT;"
        "INSERT INTO coach_server (id) VALUES (1);"

        "CREATE TABLE coach_allowed ("
        "  position INTEGER PRIMARY KEY,"
        "  endpoint TEXT NOT NULL"
        ") STRICT;";

/* What somebody may know of their sessions. */
static const char version_6[] = "ALTER TABLE session ADD COLUMN client TEXT NOT NULL DEFAULT '';"
                                "ALTER TABLE session ADD COLUMN last_used_at INTEGER;";

/* The coach in rooms, and the ledger of what engines were told. A message with a coach_engine is
 * the coach's, and nobody's user_id; whose question it answers is there because it may hold their
 * words. A ledger's content is sealed. */
static const char version_7[] =
        "ALTER TABLE room ADD COLUMN coach INTEGER NOT NULL DEFAULT 1"
        "  CHECK (coach IN (1, 2));" /* socializer.v1.RoomCoach */
        "ALTER TABLE room ADD COLUMN coach_hears INTEGER NOT NULL DEFAULT 1"
        "  CHECK (coach_hears IN (1, 2));" /* socializer.v1.CoachHears */

        "ALTER TABLE message ADD COLUMN coach_engine TEXT;"
        "ALTER TABLE message ADD COLUMN asker_id INTEGER"
        "  REFERENCES account (id) ON DELETE SET NULL;"
        "CREATE INDEX message_asker ON message (asker_id) WHERE asker_id IS NOT NULL;"

        "CREATE TABLE room_consent ("
        "  room_id INTEGER NOT NULL REFERENCES room (id) ON DELETE CASCADE,"
        "  user_id INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,"
        "  since INTEGER NOT NULL," /* milliseconds; what was said before is not in it */
        "  PRIMARY KEY (room_id, user_id)"
        ") STRICT, WITHOUT ROWID;"
        "CREATE INDEX room_consent_user ON room_consent (user_id);"

        "ALTER TABLE coach_user ADD COLUMN remote_evaluation INTEGER NOT NULL DEFAULT 0"
        "  CHECK (remote_evaluation IN (0, 1));"

        "CREATE TABLE coach_disclosure ("
        "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
        "  user_id INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,"
        "  created_at INTEGER NOT NULL,"
        "  content BLOB NOT NULL" /* sealed */
        ") STRICT;"
        "CREATE INDEX coach_disclosure_user ON coach_disclosure (user_id, id);";

/* Accounts that are deleted bit by bit, and the receipts, which stay. While deleting_at is set the
 * account's row is there only for what refers to it: it has no name, and nobody finds it. */
static const char version_8[] =
        "ALTER TABLE account ADD COLUMN deleting_at INTEGER;"

        "CREATE TABLE erasure ("
        "  id BLOB PRIMARY KEY NOT NULL,"
        "  user_id INTEGER NOT NULL,"
        "  by_admin INTEGER NOT NULL CHECK (by_admin IN (0, 1)),"
        "  requested_at INTEGER NOT NULL,"
        "  finished_at INTEGER,"
        /* The search index may still have words of the messages. */
        "  has_words INTEGER NOT NULL DEFAULT 1 CHECK (has_words IN (0, 1))"
        ") STRICT;"
        "CREATE INDEX erasure_open ON erasure (requested_at) WHERE finished_at IS NULL;"
        "CREATE INDEX erasure_words ON erasure (finished_at) WHERE has_words = 1;"
        "CREATE TABLE erasure_count ("
        "  erasure_id BLOB NOT NULL REFERENCES erasure (id) ON DELETE CASCADE,"
        "  kind TEXT NOT NULL,"
        "  n INTEGER NOT NULL,"
        "  PRIMARY KEY (erasure_id, kind)"
        ") STRICT, WITHOUT ROWID;";

const struct db_migration store_migrations[] = {
        {1, version_1}, {2, version_2}, {3, version_3}, {4, version_4},
        {5, version_5}, {6, version_6}, {7, version_7}, {8, version_8},
};
const size_t store_n_migrations = ARRAY_SIZE(store_migrations);

enum status schema_check(struct lease *lease, struct error *reterr)
{
        STMT(q, lease, "SELECT 1 FROM room WHERE id = $1");
        stmt_bind_int(&q, 1, STORE_GENERAL_ROOM);

        enum status st = stmt_row(&q, reterr);
        if (st == STATUS_NOT_FOUND)
                return error_set(reterr, STATUS_DATA_LOSS, "the database has no room 'general'");
        return st;
}
