#include "tests/integration/behaviour.h"

#define LONG_50  "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeee"
#define OK       STATUS_OK
#define MISSING  STATUS_NOT_FOUND
#define TAKEN    STATUS_ALREADY_EXISTS
#define BAD      STATUS_INVALID_ARGUMENT
#define DENIED   STATUS_PERMISSION_DENIED
#define NO_TOKEN STATUS_UNAUTHENTICATED

/* clang-format off */
const struct behaviour behaviours[] = {
        /* add_user: Register */
        {"register human", NOBODY, "UserService/Register", "{\"username\":\"human\",\"email\":\"human@example.org\",\"password\":\"password123\"}", OK, "{\"message\":\"User registered\",\"id\":2,\"username\":\"human\",\"email\":\"human@example.org\"}"},
        {"register other", NOBODY, "UserService/Register", "{\"username\":\"other\",\"email\":\"other@example.org\",\"password\":\"password123\"}", OK, "{\"id\":3}"},
        {"register with a taken name", NOBODY, "UserService/Register", "{\"username\":\"human\",\"email\":\"x@example.org\",\"password\":\"password123\"}", TAKEN, "username"},
        {"register with a taken name in capitals", NOBODY, "UserService/Register", "{\"username\":\"HUMAN\",\"email\":\"x@example.org\",\"password\":\"password123\"}", TAKEN, "username"},
        {"register with a taken e-mail", NOBODY, "UserService/Register", "{\"username\":\"fresh\",\"email\":\"human@example.org\",\"password\":\"password123\"}", TAKEN, "email"},
        {"register with a short name", NOBODY, "UserService/Register", "{\"username\":\"ab\",\"email\":\"x@example.org\",\"password\":\"password123\"}", BAD, "username"},
        {"register with a long name", NOBODY, "UserService/Register", "{\"username\":\"" LONG_50 "f\",\"email\":\"x@example.org\",\"password\":\"password123\"}", BAD, "username"},
        {"register with the longest name", NOBODY, "UserService/Register", "{\"username\":\"" LONG_50 "\",\"email\":\"long@example.org\",\"password\":\"password123\"}", OK, "{\"id\":4}"},
        {"register with a space in the name", NOBODY, "UserService/Register", "{\"username\":\"hu man\",\"email\":\"x@example.org\",\"password\":\"password123\"}", BAD, "username"},
        {"register with a line break in the e-mail", NOBODY, "UserService/Register", "{\"username\":\"fresh\",\"email\":\"x@example.org\\nBcc: y\",\"password\":\"password123\"}", BAD, "email"},
        {"register with no e-mail address", NOBODY, "UserService/Register", "{\"username\":\"fresh\",\"email\":\"nowhere\",\"password\":\"password123\"}", BAD, "email"},
        {"register without an e-mail", NOBODY, "UserService/Register", "{\"username\":\"fresh\",\"password\":\"password123\"}", BAD, "email"},
        {"register with a short password", NOBODY, "UserService/Register", "{\"username\":\"fresh\",\"email\":\"x@example.org\",\"password\":\"short12\"}", BAD, "password"},

        /* get_user: GetMe, GetUser */
        {"get me", HUMAN, "UserService/GetMe", "{}", OK, "{\"user\":{\"id\":2,\"username\":\"human\",\"email\":\"human@example.org\",\"is_active\":true,\"role\":\"user\",\"temperature\":0.7}}"},
        {"get me without a token", NOBODY, "UserService/GetMe", "{}", NO_TOKEN, NULL},
        {"get myself as me", HUMAN, "UserService/GetUser", "{\"user_id\":\"me\"}", OK, "{\"user\":{\"id\":2,\"email\":\"human@example.org\"}}"},
        {"get myself by number", HUMAN, "UserService/GetUser", "{\"user_id\":2}", OK, "{\"user\":{\"id\":2,\"email\":\"human@example.org\"}}"},
        {"get another without the e-mail", HUMAN, "UserService/GetUser", "{\"user_id\":3}", OK, "{\"user\":{\"id\":3,\"username\":\"other\",\"email\":null,\"temperature\":null}}"},
        {"get another as administrator", ADMIN, "UserService/GetUser", "{\"user_id\":3}", OK, "{\"user\":{\"id\":3,\"email\":\"other@example.org\"}}"},
        {"get nobody", HUMAN, "UserService/GetUser", "{\"user_id\":99}", MISSING, NULL},
        {"get a negative number", HUMAN, "UserService/GetUser", "{\"user_id\":-1}", BAD, "user_id"},

        /* get_user_by_username */
        {"get by name", HUMAN, "UserService/GetUserByUsername", "{\"username\":\"other\"}", OK, "{\"user\":{\"id\":3,\"email\":null}}"},
        {"get by name in capitals", HUMAN, "UserService/GetUserByUsername", "{\"username\":\"OTHER\"}", OK, "{\"user\":{\"id\":3}}"},
        {"get by a name that nobody has", HUMAN, "UserService/GetUserByUsername", "{\"username\":\"nobody\"}", MISSING, NULL},
        {"get by a name that is too long", HUMAN, "UserService/GetUserByUsername", "{\"username\":\"" LONG_50 "f\"}", BAD, "username"},

        /* ListUsers */
        {"list users", HUMAN, "UserService/ListUsers", "{\"page_size\":2}", OK, "{\"users\":[{\"id\":1,\"email\":null},{\"id\":2,\"email\":\"human@example.org\"}]}"},
        {"list too many users", HUMAN, "UserService/ListUsers", "{\"page_size\":501}", BAD, "page_size"},
        {"list users from a bad token", HUMAN, "UserService/ListUsers", "{\"page_token\":\"%%%\"}", BAD, "page_token"},

        /* update_user */
        {"update my e-mail", HUMAN, "UserService/UpdateUser", "{\"user_id\":\"me\",\"email\":\"new@example.org\"}", OK, "{\"user\":{\"id\":2,\"username\":\"human\",\"email\":\"new@example.org\"}}"},
        {"update to a taken e-mail", HUMAN, "UserService/UpdateUser", "{\"user_id\":2,\"email\":\"other@example.org\"}", TAKEN, "email"},
        {"update to a taken name", HUMAN, "UserService/UpdateUser", "{\"user_id\":2,\"username\":\"Other\"}", TAKEN, "username"},
        {"update another", HUMAN, "UserService/UpdateUser", "{\"user_id\":3,\"email\":\"mine@example.org\"}", DENIED, NULL},
        {"update nobody", ADMIN, "UserService/UpdateUser", "{\"user_id\":99,\"email\":\"mine@example.org\"}", MISSING, NULL},
        {"make myself an administrator", HUMAN, "UserService/UpdateUser", "{\"user_id\":2,\"role\":\"admin\"}", DENIED, NULL},
        {"update to a bad e-mail", HUMAN, "UserService/UpdateUser", "{\"user_id\":2,\"email\":\"\"}", BAD, "email"},
        {"update to an unknown role", ADMIN, "UserService/UpdateUser", "{\"user_id\":3,\"role\":\"emperor\"}", BAD, "role"},
        {"demote the last administrator", ADMIN, "UserService/UpdateUser", "{\"user_id\":1,\"role\":\"user\"}", STATUS_FAILED_PRECONDITION, NULL},

        /* set_user_temperature */
        {"set the temperature to zero", HUMAN, "UserService/SetTemperature", "{\"user_id\":\"me\",\"temperature\":0.0}", OK, "{\"user\":{\"temperature\":0.0}}"},
        {"zero stays", HUMAN, "UserService/GetMe", "{}", OK, "{\"user\":{\"temperature\":0.0}}"},
        {"set the temperature to the most", HUMAN, "UserService/SetTemperature", "{\"user_id\":2,\"temperature\":2}", OK, "{\"user\":{\"temperature\":2.0}}"},
        {"set no temperature", HUMAN, "UserService/SetTemperature", "{\"user_id\":2}", BAD, "temperature"},
        {"set the temperature to nothing", HUMAN, "UserService/SetTemperature", "{\"user_id\":2,\"temperature\":null}", BAD, "temperature"},
        {"set the temperature too high", HUMAN, "UserService/SetTemperature", "{\"user_id\":2,\"temperature\":2.01}", BAD, "temperature"},
        {"set the temperature too low", HUMAN, "UserService/SetTemperature", "{\"user_id\":2,\"temperature\":-0.1}", BAD, "temperature"},
        {"set another's temperature", HUMAN, "UserService/SetTemperature", "{\"user_id\":3,\"temperature\":1}", DENIED, NULL},
        {"set nobody's temperature", ADMIN, "UserService/SetTemperature", "{\"user_id\":99,\"temperature\":1}", MISSING, NULL},

        /* set_user_preference, get_user_preferences, delete_user_preference */
        {"no preferences yet", HUMAN, "UserService/ListPreferences", "{\"user_id\":\"me\"}", OK, "{\"preferences\":[]}"},
        {"set a preference", HUMAN, "UserService/SetPreference", "{\"user_id\":\"me\",\"type\":\"ui\",\"key\":\"theme\",\"value\":\"dark\"}", OK, "{\"preference\":{\"type\":\"ui\",\"key\":\"theme\",\"value\":\"dark\",\"confidence\":1.0}}"},
        {"set it again", HUMAN, "UserService/SetPreference", "{\"user_id\":\"me\",\"type\":\"ui\",\"key\":\"theme\",\"value\":{\"name\":\"light\"},\"confidence\":0.5}", OK, "{\"preference\":{\"value\":{\"name\":\"light\"},\"confidence\":0.5}}"},
        {"set a preference to null", HUMAN, "UserService/SetPreference", "{\"user_id\":\"me\",\"type\":\"ui\",\"key\":\"empty\",\"value\":null,\"confidence\":0}", OK, "{\"preference\":{\"value\":null,\"confidence\":0.0}}"},
        {"set a preference of another type", HUMAN, "UserService/SetPreference", "{\"user_id\":\"me\",\"type\":\"chat\",\"key\":\"sound\",\"value\":[1,2,3]}", OK, "{\"preference\":{\"value\":[1,2,3]}}"},
        {"set a preference without a value", HUMAN, "UserService/SetPreference", "{\"user_id\":\"me\",\"type\":\"ui\",\"key\":\"theme\"}", BAD, "value"},
        {"set a preference with too much confidence", HUMAN, "UserService/SetPreference", "{\"user_id\":\"me\",\"type\":\"ui\",\"key\":\"theme\",\"value\":1,\"confidence\":1.5}", BAD, "confidence"},
        {"set another's preference", HUMAN, "UserService/SetPreference", "{\"user_id\":3,\"type\":\"ui\",\"key\":\"theme\",\"value\":1}", DENIED, NULL},
        {"set nobody's preference", ADMIN, "UserService/SetPreference", "{\"user_id\":99,\"type\":\"ui\",\"key\":\"theme\",\"value\":1}", MISSING, NULL},
        {"list preferences", HUMAN, "UserService/ListPreferences", "{\"user_id\":\"me\"}", OK, "{\"preferences\":[{\"type\":\"chat\",\"key\":\"sound\",\"value\":[1,2,3]},{\"type\":\"ui\",\"key\":\"empty\",\"value\":null},{\"type\":\"ui\",\"key\":\"theme\",\"value\":{\"name\":\"light\"}}]}"},
        {"list preferences of a type", HUMAN, "UserService/ListPreferences", "{\"user_id\":\"me\",\"type\":\"chat\"}", OK, "{\"preferences\":[{\"key\":\"sound\"}]}"},
        {"list another's preferences", HUMAN, "UserService/ListPreferences", "{\"user_id\":3}", DENIED, NULL},
        {"list nobody's preferences", ADMIN, "UserService/ListPreferences", "{\"user_id\":99}", MISSING, NULL},
        {"delete one preference", HUMAN, "UserService/DeletePreferences", "{\"user_id\":\"me\",\"type\":\"ui\",\"key\":\"empty\"}", OK, "{\"deleted\":1}"},
        {"delete it again", HUMAN, "UserService/DeletePreferences", "{\"user_id\":\"me\",\"type\":\"ui\",\"key\":\"empty\"}", MISSING, NULL},
        {"delete another's preferences", HUMAN, "UserService/DeletePreferences", "{\"user_id\":3}", DENIED, NULL},
        {"delete a type", HUMAN, "UserService/DeletePreferences", "{\"user_id\":\"me\",\"type\":\"chat\"}", OK, "{\"deleted\":1}"},
        {"delete all preferences", HUMAN, "UserService/DeletePreferences", "{\"user_id\":\"me\"}", OK, "{\"deleted\":1}"},
        {"delete all of none", HUMAN, "UserService/DeletePreferences", "{\"user_id\":\"me\"}", OK, "{\"deleted\":0}"},

        /* save_messages */
        {"nothing remembered yet", HUMAN, "UserService/ListMessages", "{\"user_id\":\"me\"}", OK, "{\"messages\":[],\"next_page_token\":\"\"}"},
        {"save messages", HUMAN, "UserService/SaveMessages", "{\"user_id\":\"me\",\"messages\":[{\"content\":\"INSTRUCTIONS: kept as it is\"},{\"role\":\"assistant\",\"content\":\"hello\",\"thread_id\":\"t1\"}]}", OK, "{\"ids\":[1,2]}"},
        {"what was saved, newest first", HUMAN, "UserService/ListMessages", "{\"user_id\":\"me\"}", OK, "{\"messages\":[{\"id\":2,\"role\":\"assistant\",\"content\":\"hello\",\"thread_id\":\"t1\"},{\"id\":1,\"role\":\"user\",\"content\":\"INSTRUCTIONS: kept as it is\",\"thread_id\":\"default\"}]}"},
        {"one conversation", HUMAN, "UserService/ListMessages", "{\"user_id\":\"me\",\"thread_id\":\"t1\"}", OK, "{\"messages\":[{\"id\":2}]}"},
        {"save no messages", HUMAN, "UserService/SaveMessages", "{\"user_id\":\"me\",\"messages\":[]}", BAD, "messages"},
        {"save an internal message", HUMAN, "UserService/SaveMessages", "{\"user_id\":\"me\",\"messages\":[{\"content\":\"fine\"},{\"role\":\"internal\",\"content\":\"x\"}]}", BAD, "messages[1].role"},
        {"save an empty message", HUMAN, "UserService/SaveMessages", "{\"user_id\":\"me\",\"messages\":[{\"content\":\"\"}]}", BAD, "messages[0].content"},
        {"nothing half done", HUMAN, "UserService/ListMessages", "{\"user_id\":\"me\",\"page_size\":1}", OK, "{\"messages\":[{\"id\":2}]}"},
        {"save another's messages", HUMAN, "UserService/SaveMessages", "{\"user_id\":3,\"messages\":[{\"content\":\"x\"}]}", DENIED, NULL},
        {"save nobody's messages", ADMIN, "UserService/SaveMessages", "{\"user_id\":99,\"messages\":[{\"content\":\"x\"}]}", MISSING, NULL},

        /* add_skill, get_or_create_skill; four are there from the start */
        {"the catalogue to begin with", HUMAN, "SkillService/ListSkills", "{}", OK, "{\"skills\":[{\"id\":1,\"name\":\"empathy\"},{\"id\":2,\"name\":\"active listening\"},{\"id\":3,\"name\":\"clarity\"},{\"id\":4,\"name\":\"engagement\"}]}"},
        {"add a skill", ADMIN, "SkillService/AddSkill", "{\"name\":\"patience\",\"description\":\"waiting for others\"}", OK, "{\"skill\":{\"id\":5,\"name\":\"patience\",\"description\":\"waiting for others\"}}"},
        {"add it again", ADMIN, "SkillService/AddSkill", "{\"name\":\"Patience\"}", TAKEN, "name"},
        {"add one of those that are there", ADMIN, "SkillService/AddSkill", "{\"name\":\"Active Listening\"}", TAKEN, "name"},
        {"add a skill without a name", ADMIN, "SkillService/AddSkill", "{}", BAD, "name"},
        {"add a skill as a user", HUMAN, "SkillService/AddSkill", "{\"name\":\"mine\"}", DENIED, NULL},
        {"create a skill", ADMIN, "SkillService/GetOrCreateSkill", "{\"name\":\"courage\"}", OK, "{\"skill\":{\"id\":6,\"name\":\"courage\"},\"created\":true}"},
        {"get the created skill", ADMIN, "SkillService/GetOrCreateSkill", "{\"name\":\"COURAGE\"}", OK, "{\"skill\":{\"id\":6,\"name\":\"courage\"},\"created\":false}"},
        {"create a skill without a name", ADMIN, "SkillService/GetOrCreateSkill", "{\"name\":\"\"}", BAD, "name"},
        {"get a skill", HUMAN, "SkillService/GetSkill", "{\"skill_id\":3}", OK, "{\"skill\":{\"name\":\"clarity\"}}"},
        {"get no skill", HUMAN, "SkillService/GetSkill", "{\"skill_id\":99}", MISSING, NULL},
        {"list skills", HUMAN, "SkillService/ListSkills", "{}", OK, "{\"skills\":[{\"id\":1},{\"id\":2},{\"id\":3},{\"id\":4},{\"id\":5},{\"id\":6}],\"next_page_token\":\"\"}"},

        /* link_user_skill, set_skill_for_user, get_skilllevel_for_user, get_skill_ids_for_user, get_skills_for_user */
        {"the skills of a new user", HUMAN, "SkillService/ListUserSkillIds", "{\"user_id\":\"me\"}", OK, "{\"skill_ids\":[1,2]}"},
        {"the skills of a new user, with levels", HUMAN, "SkillService/ListUserSkills", "{\"user_id\":\"me\"}", OK, "{\"skills\":[{\"skill\":{\"id\":1},\"level\":0},{\"skill\":{\"id\":2},\"level\":0}]}"},
        {"no level yet", HUMAN, "SkillService/GetUserSkillLevel", "{\"user_id\":\"me\",\"skill_id\":5}", MISSING, NULL},
        {"link a skill", HUMAN, "SkillService/LinkUserSkill", "{\"user_id\":\"me\",\"skill_id\":5}", OK, "{\"user_skill\":{\"skill\":{\"id\":5,\"name\":\"patience\"},\"level\":0}}"},
        {"level zero", HUMAN, "SkillService/GetUserSkillLevel", "{\"user_id\":\"me\",\"skill_id\":5}", OK, "{\"skill_id\":5,\"level\":0}"},
        {"set a level", HUMAN, "SkillService/SetUserSkill", "{\"user_id\":\"me\",\"skill_id\":5,\"level\":7}", OK, "{\"user_skill\":{\"skill\":{\"id\":5},\"level\":7}}"},
        {"link it again", HUMAN, "SkillService/LinkUserSkill", "{\"user_id\":\"me\",\"skill_id\":5}", TAKEN, NULL},
        {"the level is unchanged", HUMAN, "SkillService/GetUserSkillLevel", "{\"user_id\":\"me\",\"skill_id\":5}", OK, "{\"level\":7}"},
        {"set the level of a skill not yet linked", HUMAN, "SkillService/SetUserSkill", "{\"user_id\":\"me\",\"skill_id\":6,\"level\":10}", OK, "{\"user_skill\":{\"level\":10}}"},
        {"set no level", HUMAN, "SkillService/SetUserSkill", "{\"user_id\":\"me\",\"skill_id\":5}", BAD, "level"},
        {"set the level too high", HUMAN, "SkillService/SetUserSkill", "{\"user_id\":\"me\",\"skill_id\":5,\"level\":11}", BAD, "level"},
        {"set the level too low", HUMAN, "SkillService/SetUserSkill", "{\"user_id\":\"me\",\"skill_id\":5,\"level\":-1}", BAD, "level"},
        {"set the level of no skill", HUMAN, "SkillService/SetUserSkill", "{\"user_id\":\"me\",\"skill_id\":99,\"level\":1}", MISSING, NULL},
        {"set another's level", HUMAN, "SkillService/SetUserSkill", "{\"user_id\":3,\"skill_id\":5,\"level\":1}", DENIED, NULL},
        {"set another's level as administrator", ADMIN, "SkillService/SetUserSkill", "{\"user_id\":3,\"skill_id\":1,\"level\":3}", OK, "{\"user_skill\":{\"level\":3}}"},
        {"set nobody's level", ADMIN, "SkillService/SetUserSkill", "{\"user_id\":99,\"skill_id\":5,\"level\":1}", MISSING, NULL},
        {"link no skill", HUMAN, "SkillService/LinkUserSkill", "{\"user_id\":\"me\",\"skill_id\":99}", MISSING, NULL},
        {"link without a skill", HUMAN, "SkillService/LinkUserSkill", "{\"user_id\":\"me\"}", BAD, "skill_id"},
        {"link nobody", ADMIN, "SkillService/LinkUserSkill", "{\"user_id\":99,\"skill_id\":5}", MISSING, NULL},
        {"skill numbers", HUMAN, "SkillService/ListUserSkillIds", "{\"user_id\":\"me\"}", OK, "{\"skill_ids\":[1,2,5,6]}"},
        {"skills with levels", HUMAN, "SkillService/ListUserSkills", "{\"user_id\":\"me\"}", OK, "{\"skills\":[{\"skill\":{\"id\":1},\"level\":0},{\"skill\":{\"id\":2},\"level\":0},{\"skill\":{\"id\":5},\"level\":7},{\"skill\":{\"id\":6},\"level\":10}]}"},
        {"another's skills", HUMAN, "SkillService/ListUserSkills", "{\"user_id\":3}", DENIED, NULL},
        {"nobody's skills", ADMIN, "SkillService/ListUserSkills", "{\"user_id\":99}", MISSING, NULL},
        {"nobody's skill numbers", ADMIN, "SkillService/ListUserSkillIds", "{\"user_id\":99}", MISSING, NULL},
        {"a negative user's skill numbers", ADMIN, "SkillService/ListUserSkillIds", "{\"user_id\":-1}", BAD, "user_id"},
        {"a negative user's skills", ADMIN, "SkillService/ListUserSkills", "{\"user_id\":-1}", BAD, "user_id"},
        {"the level in a negative skill", HUMAN, "SkillService/GetUserSkillLevel", "{\"user_id\":\"me\",\"skill_id\":-1}", BAD, "skill_id"},

        /* add_training, get_training_for_user, get_training_for_skill, update_training_status */
        {"the trainings of a new user", HUMAN, "TrainingService/ListUserTrainings", "{\"user_id\":\"me\"}", OK, "{\"trainings\":[{\"id\":3,\"skill_id\":1,\"status\":\"active\",\"progress\":0.0,\"days\":30,\"level\":0,\"next_milestone\":2},{\"id\":4,\"skill_id\":2,\"status\":\"active\",\"progress\":0.0,\"days\":30,\"level\":0,\"next_milestone\":2}]}"},
        {"a level moves its training", OTHER, "TrainingService/ListUserTrainings", "{\"user_id\":\"me\"}", OK, "{\"trainings\":[{\"skill_id\":1,\"progress\":0.3,\"level\":3,\"next_milestone\":4},{\"skill_id\":2,\"progress\":0.0}]}"},
        {"no trainings in a skill yet", HUMAN, "TrainingService/ListSkillTrainings", "{\"skill_id\":5}", OK, "{\"trainings\":[]}"},
        {"add a training", HUMAN, "TrainingService/AddTraining", "{\"user_id\":\"me\",\"skill_id\":5}", OK, "{\"training\":{\"id\":9,\"user_id\":2,\"skill_id\":5,\"status\":\"pending\",\"progress\":0.7,\"completed_at\":null,\"days\":30,\"level\":7,\"next_milestone\":8}}"},
        {"add it again", HUMAN, "TrainingService/AddTraining", "{\"user_id\":\"me\",\"skill_id\":5}", TAKEN, NULL},
        {"add a training in no skill", HUMAN, "TrainingService/AddTraining", "{\"user_id\":\"me\",\"skill_id\":99}", MISSING, NULL},
        {"add another's training", HUMAN, "TrainingService/AddTraining", "{\"user_id\":3,\"skill_id\":5}", DENIED, NULL},
        {"add nobody's training", ADMIN, "TrainingService/AddTraining", "{\"user_id\":99,\"skill_id\":5}", MISSING, NULL},
        {"add a training with too much progress", HUMAN, "TrainingService/AddTraining", "{\"user_id\":\"me\",\"skill_id\":6,\"progress\":1.1}", BAD, "progress"},
        {"add a training with an unknown status", HUMAN, "TrainingService/AddTraining", "{\"user_id\":\"me\",\"skill_id\":6,\"status\":\"asleep\"}", BAD, "status"},
        {"add a training of too many days", HUMAN, "TrainingService/AddTraining", "{\"user_id\":\"me\",\"skill_id\":6,\"days\":366}", BAD, "days"},
        {"add an active training of another", ADMIN, "TrainingService/AddTraining", "{\"user_id\":3,\"skill_id\":5,\"status\":\"active\",\"progress\":0.25,\"days\":7}", OK, "{\"training\":{\"id\":10,\"user_id\":3,\"status\":\"active\",\"progress\":0.25,\"days\":7,\"level\":0}}"},
        {"it links the skill", OTHER, "SkillService/GetUserSkillLevel", "{\"user_id\":\"me\",\"skill_id\":5}", OK, "{\"level\":0}"},
        {"my trainings", HUMAN, "TrainingService/ListUserTrainings", "{\"user_id\":\"me\"}", OK, "{\"trainings\":[{\"id\":3},{\"id\":4},{\"id\":9}]}"},
        {"another's trainings", HUMAN, "TrainingService/ListUserTrainings", "{\"user_id\":3}", DENIED, NULL},
        {"nobody's trainings", ADMIN, "TrainingService/ListUserTrainings", "{\"user_id\":99}", MISSING, NULL},
        {"a negative user's trainings", ADMIN, "TrainingService/ListUserTrainings", "{\"user_id\":-5}", BAD, "user_id"},
        {"my trainings in a skill", HUMAN, "TrainingService/ListSkillTrainings", "{\"skill_id\":5}", OK, "{\"trainings\":[{\"id\":9}]}"},
        {"all trainings in a skill", ADMIN, "TrainingService/ListSkillTrainings", "{\"skill_id\":5}", OK, "{\"trainings\":[{\"id\":9},{\"id\":10}]}"},
        {"trainings in no skill", HUMAN, "TrainingService/ListSkillTrainings", "{\"skill_id\":99}", MISSING, NULL},
        {"trainings in skill zero", HUMAN, "TrainingService/ListSkillTrainings", "{\"skill_id\":0}", BAD, "skill_id"},
        {"another's training", HUMAN, "TrainingService/GetTraining", "{\"training_id\":10}", MISSING, NULL},
        {"activate a training", HUMAN, "TrainingService/UpdateTrainingStatus", "{\"training_id\":9,\"status\":\"active\",\"progress\":0.5}", OK, "{\"training\":{\"status\":\"active\",\"progress\":0.5,\"completed_at\":null}}"},
        {"pause keeps the progress", HUMAN, "TrainingService/UpdateTrainingStatus", "{\"training_id\":9,\"status\":\"paused\"}", OK, "{\"training\":{\"status\":\"paused\",\"progress\":0.5}}"},
        {"complete sets the progress", HUMAN, "TrainingService/UpdateTrainingStatus", "{\"training_id\":9,\"status\":\"completed\"}", OK, "{\"training\":{\"status\":\"completed\",\"progress\":1.0,\"next_milestone\":0}}"},
        {"the full name of a status", HUMAN, "TrainingService/UpdateTrainingStatus", "{\"training_id\":9,\"status\":\"TRAINING_STATUS_ACTIVE\"}", OK, "{\"training\":{\"status\":\"active\",\"completed_at\":null}}"},
        {"an unknown status", HUMAN, "TrainingService/UpdateTrainingStatus", "{\"training_id\":9,\"status\":\"asleep\"}", BAD, "status"},
        {"no status", HUMAN, "TrainingService/UpdateTrainingStatus", "{\"training_id\":9}", BAD, "status"},
        {"update another's training", HUMAN, "TrainingService/UpdateTrainingStatus", "{\"training_id\":10,\"status\":\"paused\"}", MISSING, NULL},
        {"update no training", ADMIN, "TrainingService/UpdateTrainingStatus", "{\"training_id\":99,\"status\":\"paused\"}", MISSING, NULL},
        {"level 10 completes a training", HUMAN, "SkillService/SetUserSkill", "{\"user_id\":\"me\",\"skill_id\":5,\"level\":10}", OK, "{\"user_skill\":{\"level\":10}}"},
        {"a training completed by its level", HUMAN, "TrainingService/GetTraining", "{\"training_id\":9}", OK, "{\"training\":{\"status\":\"completed\",\"progress\":1.0,\"level\":10,\"next_milestone\":0}}"},

        /* ChatService: the general room */
        {"an empty room", HUMAN, "ChatService/ListRoomMessages", "{\"room_id\":\"general\"}", OK, "{\"messages\":[],\"last_seq\":0}"},
        {"say something", HUMAN, "ChatService/SendMessage", "{\"room_id\":\"general\",\"content\":\"hello\",\"client_message_id\":\"c1\"}", OK, "{\"message\":{\"room_id\":1,\"seq\":1,\"user_id\":2,\"username\":\"human\",\"content\":\"hello\",\"client_message_id\":\"c1\"}}"},
        {"say it again", HUMAN, "ChatService/SendMessage", "{\"room_id\":1,\"content\":\"hello\",\"client_message_id\":\"c1\"}", OK, "{\"message\":{\"seq\":1}}"},
        {"say something else by the same name", HUMAN, "ChatService/SendMessage", "{\"room_id\":1,\"content\":\"bye\",\"client_message_id\":\"c1\"}", TAKEN, "client_message_id"},
        {"another says something by the same name", OTHER, "ChatService/SendMessage", "{\"room_id\":1,\"content\":\"hi\",\"client_message_id\":\"c1\"}", OK, "{\"message\":{\"seq\":2,\"username\":\"other\"}}"},
        {"say nothing", HUMAN, "ChatService/SendMessage", "{\"room_id\":1,\"content\":\"\"}", BAD, "content"},
        {"say it in no room", HUMAN, "ChatService/SendMessage", "{\"room_id\":99,\"content\":\"x\"}", MISSING, NULL},
        {"say it without a token", NOBODY, "ChatService/SendMessage", "{\"room_id\":1,\"content\":\"x\"}", NO_TOKEN, NULL},
        {"what was said", HUMAN, "ChatService/ListRoomMessages", "{\"room_id\":\"general\",\"after_seq\":0}", OK, "{\"messages\":[{\"seq\":1},{\"seq\":2}],\"last_seq\":2,\"first_seq\":1}"},
        {"what was said before", HUMAN, "ChatService/ListRoomMessages", "{\"room_id\":1,\"before_seq\":2}", OK, "{\"messages\":[{\"seq\":1}]}"},

        /* CoachService */
        {"ask the coach", HUMAN, "CoachService/Chat", "{\"message\":\"Hello AI!\"}", OK, "{\"thread_id\":\"default\",\"engine\":\"builtin\"}"},
        {"ask the coach nothing", HUMAN, "CoachService/Chat", "{\"message\":\"\"}", BAD, "message"},
        {"the coach remembers", HUMAN, "UserService/ListMessages", "{\"user_id\":\"me\",\"page_size\":2}", OK, "{\"messages\":[{\"id\":4,\"role\":\"assistant\"},{\"id\":3,\"role\":\"user\",\"content\":\"Hello AI!\"}]}"},

        /* AdminService */
        {"the pool as a user", HUMAN, "AdminService/GetPool", "{}", DENIED, NULL},
        {"the pool", ADMIN, "AdminService/GetPool", "{}", OK, "{\"waiting\":0}"},
        {"the queries as a user", HUMAN, "AdminService/ListQueries", "{}", DENIED, NULL},
        {"create an account", ADMIN, "AdminService/CreateUser", "{\"username\":\"made\",\"email\":\"made@example.org\",\"password\":\"password123\"}", OK, "{\"user\":{\"id\":5,\"username\":\"made\",\"role\":\"user\"}}"},
        {"create it again", ADMIN, "AdminService/CreateUser", "{\"username\":\"made\",\"email\":\"made2@example.org\",\"password\":\"password123\"}", TAKEN, "username"},
        {"create an account as a user", HUMAN, "AdminService/CreateUser", "{\"username\":\"made3\",\"email\":\"made3@example.org\",\"password\":\"password123\"}", DENIED, NULL},

        /* delete_user: with trainings, skills, messages */
        {"delete another", HUMAN, "UserService/DeleteUser", "{\"user_id\":3}", DENIED, NULL},
        {"delete nobody", ADMIN, "UserService/DeleteUser", "{\"user_id\":99}", MISSING, NULL},
        {"delete a negative number", ADMIN, "UserService/DeleteUser", "{\"user_id\":-1}", BAD, "user_id"},
        {"delete another as administrator", ADMIN, "UserService/DeleteUser", "{\"user_id\":3}", OK, "{}"},
        {"the deleted one's token is worth nothing", OTHER, "UserService/GetMe", "{}", NO_TOKEN, NULL},
        {"delete myself, with trainings and skills", HUMAN, "UserService/DeleteUser", "{\"user_id\":\"me\"}", OK, "{}"},
        {"my token is worth nothing", HUMAN, "UserService/GetMe", "{}", NO_TOKEN, NULL},
        {"nothing of me is left", ADMIN, "UserService/GetUser", "{\"user_id\":2}", MISSING, NULL},
        {"my trainings are gone", ADMIN, "TrainingService/ListSkillTrainings", "{\"skill_id\":5}", OK, "{\"trainings\":[]}"},
};
/* clang-format on */

const unsigned n_behaviours = sizeof(behaviours) / sizeof(behaviours[0]);
