#!/usr/bin/env node
// The web app as people use it: web.mjs BUILD SOCIALIZERD GATEWAY SOCIALIZER
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { Person, launch } from "./person.mjs";
import { Servers } from "./servers.mjs";
import { wrong_input_is_said_where_it_is } from "./stories/account.mjs";
import { accounts_are_made_changed_and_deleted, the_server_is_looked_at_and_set } from "./stories/admin.mjs";
import {
  answers_stream_stop_and_outlive_a_reload,
  conversations_are_found_and_deleted,
  drafts_are_rehearsed_and_texts_made_clearer,
  the_coach_answers,
} from "./stories/coach.mjs";
import { every_dialog_is_for_everybody, there_is_something_to_ask } from "./stories/dialogs.mjs";
import { a_new_build_is_served_at_once, files_are_compressed_kept_and_pages_found } from "./stories/files.mjs";
import { every_page_is_for_everybody, there_is_something_to_see } from "./stories/pages.mjs";
import {
  a_change_shows_what_it_rests_on_and_can_be_disputed,
  five_messages_move_a_level,
  trainings_pause_and_go_on,
} from "./stories/progress.mjs";
import { a_draft_is_rehearsed_and_a_message_made_clearer, the_coach_answers_in_a_room } from "./stories/room_coach.mjs";
import {
  a_room_is_handed_over_and_back,
  a_room_is_set_by_who_may,
  an_administrator_mutes_and_bans_in_the_general_room,
  members_are_raised_muted_banned_and_invited,
  what_was_said_is_found,
} from "./stories/room_people.mjs";
import {
  nothing_that_is_written_becomes_html,
  older_messages_come_as_one_scrolls,
  rooms_are_made_invited_to_and_joined,
  two_people_talk,
} from "./stories/rooms.mjs";
import {
  a_page_that_stays_open_stays_signed_in,
  data_is_taken_along_and_an_account_ends,
  preferences_are_set_and_deleted,
  sessions_are_listed_and_ended,
  settings_are_kept,
} from "./stories/settings.mjs";
import {
  a_cut_connection_loses_and_doubles_nothing,
  a_page_that_cannot_be_loaded_says_so,
  a_service_that_dies_is_waited_for,
  every_page_waits_for_a_service_that_is_away,
} from "./stories/trouble.mjs";

const [build, ...programs] = process.argv.slice(2);
const screenshots = join(build, "screenshots");
const servers = new Servers(...programs, join(build, "web"));
// Who and what the stories are about.
const stage = { servers, screenshots };

function people() {
  return Object.values(stage).filter((one) => one instanceof Person);
}

async function run(what, ...parameters) {
  const begin = Date.now();
  await what(stage, ...parameters);
  for (const person of people()) person.isContent();
  console.log(`ok ${what.name.replaceAll("_", " ")} (${((Date.now() - begin) / 1000).toFixed(1)} s)`);
}

async function begin() {
  rmSync(screenshots, { recursive: true, force: true });
  mkdirSync(screenshots, { recursive: true });
  await servers.start();
  servers.call("CreateUser", { username: "boss", email: "boss@example.org", password: "password123", role: "admin" });
  [stage.first, stage.second] = await Promise.all([launch(), launch()]);
  stage.ada = await Person.at(stage.first, servers.url);
  stage.grace = await Person.at(stage.second, servers.url);
  stage.boss = await Person.at(stage.first, servers.url);
}

async function tell() {
  await run(files_are_compressed_kept_and_pages_found);
  await run(a_new_build_is_served_at_once);
  await run(wrong_input_is_said_where_it_is);
  await stage.ada.register("ada");
  await stage.grace.register("grace");
  await run(two_people_talk);
  await run(nothing_that_is_written_becomes_html);
  await run(rooms_are_made_invited_to_and_joined);
  await run(older_messages_come_as_one_scrolls);
  await run(what_was_said_is_found);
  await run(a_room_is_set_by_who_may);
  await run(members_are_raised_muted_banned_and_invited);
  await run(a_room_is_handed_over_and_back);
  await run(the_coach_answers_in_a_room);
  await run(a_draft_is_rehearsed_and_a_message_made_clearer);
  await run(a_cut_connection_loses_and_doubles_nothing);
  await run(a_service_that_dies_is_waited_for);
  await stage.boss.signIn("boss");
  await run(an_administrator_mutes_and_bans_in_the_general_room);
  await run(a_page_that_cannot_be_loaded_says_so);
  await run(every_page_waits_for_a_service_that_is_away);
  await run(five_messages_move_a_level);
  await run(a_change_shows_what_it_rests_on_and_can_be_disputed);
  await run(trainings_pause_and_go_on);
  await run(the_coach_answers);
  await run(answers_stream_stop_and_outlive_a_reload);
  await run(conversations_are_found_and_deleted);
  await run(drafts_are_rehearsed_and_texts_made_clearer);
  await run(there_is_something_to_see);
  await run(there_is_something_to_ask);
  for (const width of [390, 1440])
    for (const scheme of ["light", "dark"]) {
      await run(every_page_is_for_everybody, width, scheme);
      await run(every_dialog_is_for_everybody, width, scheme);
    }
  await run(accounts_are_made_changed_and_deleted);
  await run(the_server_is_looked_at_and_set);
  await run(settings_are_kept);
  await run(preferences_are_set_and_deleted);
  await run(a_page_that_stays_open_stays_signed_in);
  await run(sessions_are_listed_and_ended);
  await run(data_is_taken_along_and_an_account_ends);
}

try {
  await begin();
  await tell();
} catch (error) {
  console.error(error);
  for (const person of people()) {
    console.error(`${person.username}: ${person.complaints.join("\n")}`);
    await person.page.screenshot({ path: join(screenshots, `failed-${person.username}.png`) }).catch(() => {});
  }
  process.exitCode = 1;
} finally {
  for (const browser of [stage.first, stage.second]) await browser?.close();
  await servers.stop();
}
