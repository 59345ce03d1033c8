// Passwords and tickets against local accounts, a real directory and a real KDC.
#include "identity/credentials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <future>
#include <latch>
#include <mutex>

#include "base/file.h"
#include "identity/credentials_field.h"
#include "identity/kerberos.h"
#include "identity/password.h"
#include "tests/identity/directory_script.h"
#include "tests/identity/kerberos_client.h"

namespace schoolgate::identity {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using CredentialKind = CredentialAnswer::Kind;
using CredentialWhy = CredentialAnswer::Why;

const names::IpAddress kTablet = *names::IpAddress::parse("10.20.1.7"), kOther = *names::IpAddress::parse("10.20.1.8");
const std::string kAmeliasPassword = "three green apples";

LocalAccounts one_account(std::string user, LocalAccount account) {
  return [user = std::move(user), account = std::move(account)](std::string_view asked) -> std::optional<LocalAccount> {
    return asked == user ? std::optional(account) : std::nullopt;
  };
}
LocalAccount visitor() {
  return {.password_hash = *hash_password("one blue bicycle"), .name = "Vera Visitor", .groups = {"visitors"}};
}

std::unique_ptr<Credentials> start(Credentials::Settings settings, LocalAccounts accounts = {}) {
  auto started = Credentials::start(std::move(settings), std::move(accounts));
  if (!started) throw std::runtime_error(started.error().text());
  return *std::move(started);
}

Credentials::Settings with_directory(const Script& server) {
  Credentials::Settings settings;
  DirectorySettings directory;
  directory.servers = {"ldap://127.0.0.1:" + server.fact("port")};
  directory.trust = server.fact("trust");
  directory.bind_dn = server.fact("bind_dn");
  directory.password_file = server.fact("password_file");
  directory.base = server.fact("base");
  directory.schema = DirectorySettings::Schema::openldap;
  settings.directory = directory;
  return settings;
}

Script& standing() {
  static Script server("directory_server.py", {"--pupils", "60"});
  return server;
}

CredentialAnswer ask(Credentials& credentials, std::string user, std::string_view password,
                     const names::IpAddress& client = kTablet) {
  std::promise<CredentialAnswer> promise;
  credentials.check_password(std::move(user), Secret(password), client,
                             [&](CredentialAnswer answer) { promise.set_value(std::move(answer)); });
  return promise.get_future().get();
}
CredentialAnswer show(Credentials& credentials, const std::string& token) {
  std::promise<CredentialAnswer> promise;
  credentials.check_token(token, kTablet, [&](CredentialAnswer answer) { promise.set_value(std::move(answer)); });
  return promise.get_future().get();
}
GroupsAnswer groups(Credentials& credentials, std::string user) {
  std::promise<GroupsAnswer> promise;
  credentials.groups_of(std::move(user), [&](GroupsAnswer answer) { promise.set_value(std::move(answer)); });
  return promise.get_future().get();
}

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++count;
  return count;
}

// --- passwords

TEST(Credentials, APasswordOfTheDirectoryMakesAPersonWithGroups) {
  const auto credentials = start(with_directory(standing()));
  const auto answer = ask(*credentials, "SCHOOL\\Amelia.Hughes", kAmeliasPassword);
  ASSERT_EQ(answer.kind, CredentialKind::accepted) << answer.text;
  EXPECT_EQ(answer.person->user, "amelia.hughes");
  EXPECT_EQ(answer.person->name, "Amelia Hughes");
  EXPECT_THAT(answer.person->groups, Contains("pupils"));
  EXPECT_EQ(answer.person->confidence, rules::Confidence::login);
  EXPECT_EQ(answer.person->source, "basic");
}

TEST(Credentials, WrongIsWrongWhoeverItIs) {
  const auto credentials = start(with_directory(standing()));
  for (const char* user : {"amelia.hughes", "nobody.here", "*", "*)(uid=*", "", "a\nb", "PC12$"}) {
    const auto answer = ask(*credentials, user, "four green apples");
    EXPECT_EQ(answer.kind, CredentialKind::refused) << user;
    EXPECT_EQ(answer.why, CredentialWhy::wrong) << user;
  }
  EXPECT_EQ(ask(*credentials, "amelia.hughes", "").why, CredentialWhy::wrong);
  EXPECT_EQ(ask(*credentials, "amelia.hughes", std::string(300, 'x')).why, CredentialWhy::wrong);
}

TEST(Credentials, WhatIsNoAccountNameNeverReachesTheDirectory) {
  Script server("directory_server.py");
  const auto credentials = start(with_directory(server));
  ask(*credentials, "*)(uid=*", kAmeliasPassword);
  ask(*credentials, "amelia*", kAmeliasPassword);
  EXPECT_THAT(*read_file(server.fact("log")), Not(HasSubstr("SRCH base=\"dc=school")));
}

TEST(Credentials, DisabledAccountsAreRefusedWithTheRightPassword) {
  const auto credentials = start(with_directory(standing()));
  const auto answer = ask(*credentials, "leah.leaver", kAmeliasPassword);
  EXPECT_EQ(answer.kind, CredentialKind::refused);
  EXPECT_EQ(answer.why, CredentialWhy::disabled);
}

TEST(Credentials, SixConnectionsOfABrowserAreOneQuestion) {
  Script server("directory_server.py");
  const auto credentials = start(with_directory(server));
  std::latch done(6);
  std::atomic<int> accepted{0};
  for (int i = 0; i < 6; ++i)
    credentials->check_password("amelia.hughes", Secret(kAmeliasPassword), kTablet, [&](CredentialAnswer answer) {
      accepted += answer.kind == CredentialKind::accepted;
      done.count_down();
    });
  done.wait();
  EXPECT_EQ(accepted, 6);
  EXPECT_EQ(count_of(*read_file(server.fact("log")),
                     "BIND dn=\"uid=Amelia.Hughes,ou=people,dc=school,dc=example\" mech=SIMPLE"),
            1u);
}

TEST(Credentials, ARightPasswordIsNotAskedAgainForAWhile) {
  Script server("directory_server.py");
  const auto credentials = start(with_directory(server));
  ASSERT_EQ(ask(*credentials, "amelia.hughes", kAmeliasPassword).kind, CredentialKind::accepted);
  server.tell("stop");
  const auto again = ask(*credentials, "amelia.hughes", kAmeliasPassword);
  EXPECT_EQ(again.kind, CredentialKind::accepted);
  EXPECT_THAT(again.person->groups, Contains("pupils"));
  EXPECT_EQ(credentials->counters().from_cache, 1u);
}

TEST(Credentials, ADirectoryThatIsGoneLeavesThoseWhoWereHereIn) {
  Script server("directory_server.py");
  auto settings = with_directory(server);
  settings.password_right = -1s;  // ask the directory each time
  settings.directory->fresh = 0s;
  const auto credentials = start(settings);
  ASSERT_EQ(ask(*credentials, "amelia.hughes", kAmeliasPassword).kind, CredentialKind::accepted);
  server.tell("stop");
  const auto known = ask(*credentials, "amelia.hughes", kAmeliasPassword);
  EXPECT_EQ(known.kind, CredentialKind::accepted) << known.text;
  EXPECT_THAT(known.person->groups, Contains("pupils"));
  EXPECT_GE(credentials->counters().stale_answers, 1u);
  const auto guessed = ask(*credentials, "amelia.hughes", "four green apples");
  EXPECT_EQ(guessed.kind, CredentialKind::unavailable);
  const auto unknown = ask(*credentials, "noah.patel", kAmeliasPassword);
  EXPECT_EQ(unknown.kind, CredentialKind::unavailable);
  EXPECT_EQ(unknown.why, CredentialWhy::no_answer);
  EXPECT_GE(credentials->counters().directory_failures, 1u);
}

TEST(Credentials, TooOldAnAnswerIsNoneWhenTheDirectoryIsGone) {
  Script server("directory_server.py");
  auto settings = with_directory(server);
  settings.password_right = -1s;
  settings.directory->stale = -1s;
  const auto credentials = start(settings);
  ASSERT_EQ(ask(*credentials, "amelia.hughes", kAmeliasPassword).kind, CredentialKind::accepted);
  server.tell("stop");
  EXPECT_EQ(ask(*credentials, "amelia.hughes", kAmeliasPassword).kind, CredentialKind::unavailable);
  EXPECT_FALSE(groups(*credentials, "amelia.hughes").known);
}

// --- local accounts

TEST(Credentials, LocalAccountsComeFirst) {
  auto account = visitor();
  const auto credentials = start(with_directory(standing()), one_account("amelia.hughes", account));
  const auto answer = ask(*credentials, "amelia.hughes", "one blue bicycle");
  ASSERT_EQ(answer.kind, CredentialKind::accepted);
  EXPECT_THAT(answer.person->groups, Contains("visitors"));
  EXPECT_EQ(ask(*credentials, "amelia.hughes", kAmeliasPassword).kind,
            CredentialKind::refused);  // the directory's does not count
  EXPECT_EQ(ask(*credentials, "noah.patel", kAmeliasPassword).kind, CredentialKind::accepted);
}

TEST(Credentials, ALocalAccountWithoutPasswordTakesNone) {
  auto account = visitor();
  account.password_hash.clear();
  const auto credentials = start({}, one_account("vera", account));
  EXPECT_EQ(ask(*credentials, "vera", "").why, CredentialWhy::wrong);
  EXPECT_EQ(ask(*credentials, "vera", "anything at all").why, CredentialWhy::wrong);
}

TEST(Credentials, ALocalAccountEndsWithItsDateAndItsSwitch) {
  auto over = visitor(), off = visitor();
  over.valid_until = wall_now() - 1min;
  off.disabled = true;
  EXPECT_EQ(ask(*start({}, one_account("vera", over)), "vera", "one blue bicycle").why, CredentialWhy::disabled);
  EXPECT_EQ(ask(*start({}, one_account("vera", off)), "vera", "one blue bicycle").why, CredentialWhy::disabled);
  EXPECT_EQ(ask(*start({}, one_account("vera", off)), "vera", "wrong").why,
            CredentialWhy::wrong);  // says nothing to others
}

TEST(Credentials, AChangedPasswordEndsTheOldOneAtOnce) {
  auto account = std::make_shared<LocalAccount>(visitor());
  const auto credentials = start({}, [account](std::string_view) { return std::optional(*account); });
  ASSERT_EQ(ask(*credentials, "vera", "one blue bicycle").kind, CredentialKind::accepted);
  account->password_hash = *hash_password("two red bicycles");
  EXPECT_EQ(ask(*credentials, "vera", "one blue bicycle").kind, CredentialKind::refused);
  EXPECT_EQ(ask(*credentials, "vera", "two red bicycles").kind, CredentialKind::accepted);
}

TEST(Credentials, WithNobodyToAskThereIsNoAnswer) {
  const auto credentials = start({});
  const auto answer = ask(*credentials, "vera", "one blue bicycle");
  EXPECT_EQ(answer.kind, CredentialKind::unavailable);
  EXPECT_EQ(answer.why, CredentialWhy::not_configured);
}

// --- guessing

TEST(Guessing, IsHeldUpAtTheClientAndNotForItsVictim) {
  const auto credentials = start({}, one_account("vera", visitor()));
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(ask(*credentials, "vera", "guess " + std::to_string(i)).why, CredentialWhy::wrong);
  const auto held = ask(*credentials, "vera", "one blue bicycle");
  EXPECT_EQ(held.kind, CredentialKind::refused);
  EXPECT_EQ(held.why, CredentialWhy::wait);
  EXPECT_GT(held.wait, 0s);
  EXPECT_EQ(credentials->counters().held_back, 1u);
  EXPECT_EQ(ask(*credentials, "vera", "one blue bicycle", kOther).kind, CredentialKind::accepted);
}

TEST(Guessing, TheSameWrongPasswordAgainIsNoNewGuess) {
  const auto credentials = start({}, one_account("vera", visitor()));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(ask(*credentials, "vera", "my old password").why, CredentialWhy::wrong);
  EXPECT_EQ(ask(*credentials, "vera", "one blue bicycle").kind, CredentialKind::accepted);
}

TEST(Guessing, OnePasswordOverAllAccountsIsHeldUpToo) {
  const auto credentials = start({}, one_account("vera", visitor()));
  int asked = 0;
  while (asked < 200 && ask(*credentials, "pupil" + std::to_string(asked), "Summer2026").why == CredentialWhy::wrong)
    ++asked;
  EXPECT_EQ(asked, 50);
}

TEST(Guessing, FromManyAddressesHoldsTheAccountUpForAMinuteAtMost) {
  const auto credentials = start({}, one_account("vera", visitor()));
  const auto from = [](int i) { return names::IpAddress::v4(0x0A140000u + std::uint32_t(i)); };
  int asked = 0;
  while (asked < 200 &&
         ask(*credentials, "vera", "guess " + std::to_string(asked), from(asked)).why == CredentialWhy::wrong)
    ++asked;
  EXPECT_EQ(asked, 20);
  const auto held = ask(*credentials, "vera", "one blue bicycle", kOther);
  EXPECT_EQ(held.why, CredentialWhy::wait);
  EXPECT_LE(held.wait, 60s);
}

// What `count` different passwords for `user` are told when all of them are asked at once.
struct Told {
  int accepted = 0, wrong = 0, wait = 0, busy = 0;
};
Told ask_at_once(Credentials& credentials, int count, const std::function<std::string(int)>& user,
                 const std::function<std::string(int)>& password, const names::IpAddress& client = kTablet) {
  Told told;
  std::mutex mutex;
  std::latch done(count);
  for (int i = 0; i < count; ++i)
    credentials.check_password(user(i), Secret(password(i)), client, [&](CredentialAnswer answer) {
      {
        const std::scoped_lock lock(mutex);
        told.accepted += answer.kind == CredentialKind::accepted;
        told.wrong += answer.why == CredentialWhy::wrong;
        told.wait += answer.why == CredentialWhy::wait;
        told.busy += answer.why == CredentialWhy::busy;
      }
      done.count_down();
    });
  done.wait();
  return told;
}

TEST(Guessing, AtOnceIsNoMoreThanGuessingInARow) {
  const auto credentials = start({}, one_account("vera", visitor()));
  const auto vera = [](int) { return std::string("vera"); };
  const Told told = ask_at_once(*credentials, 200, vera, [](int i) {
    return i == 150 ? std::string("one blue bicycle") : "guess " + std::to_string(i);
  });
  EXPECT_EQ(told.accepted, 0);
  EXPECT_LE(told.wrong, 5);
  EXPECT_GT(told.wrong, 0);
  EXPECT_EQ(told.wrong + told.wait + told.busy, 200);
}

TEST(Guessing, OfMadeUpAccountsAtOnceIsHeldUpByClient) {
  const auto credentials = start({}, one_account("vera", visitor()));
  const Told told = ask_at_once(
      *credentials, 950, [](int i) { return "pupil" + std::to_string(i); },
      [](int i) { return "made up " + std::to_string(i); });
  EXPECT_EQ(told.accepted, 0);
  EXPECT_LE(told.wrong, 50);
  EXPECT_GT(told.wrong, 0);
  // A device that guesses is in nobody's way but its own.
  EXPECT_EQ(ask(*credentials, "vera", "one blue bicycle", kOther).kind, CredentialKind::accepted);
}

TEST(Guessing, WhatCouldNotBeJudgedIsNoGuess) {
  Script server("directory_server.py");
  auto settings = with_directory(server);
  const auto credentials = start(settings);
  server.tell("stop");
  for (int i = 0; i < 8; ++i)
    EXPECT_EQ(ask(*credentials, "noah.patel", "try " + std::to_string(i)).kind, CredentialKind::unavailable);
  EXPECT_EQ(credentials->counters().held_back, 0u);
}

TEST(Guessing, AClassThatSignsInAtOnceBehindOneAddressIsNotHeldUp) {
  const auto credentials = start({}, [account = visitor()](std::string_view) { return std::optional(account); });
  const Told told = ask_at_once(
      *credentials, 40, [](int i) { return "pupil" + std::to_string(i); },
      [](int) { return std::string("one blue bicycle"); });
  EXPECT_EQ(told.accepted, 40);
}

// --- tickets

Credentials::Settings with_keytab() {
  Credentials::Settings settings;
  settings.keytab = realm().fact("keytab");
  settings.keytab_principal = realm().fact("principal");
  settings.state_folder = realm().fact("folder");
  return settings;
}

TEST(Tickets, MakeAPersonWithTheDirectorysGroups) {
  auto settings = with_keytab();
  settings.directory = with_directory(standing()).directory;
  const auto credentials = start(settings);
  ASSERT_TRUE(credentials->takes_tickets());
  KerberosClient client("amelia.hughes");
  const auto answer = show(*credentials, client.token());
  ASSERT_EQ(answer.kind, CredentialKind::accepted) << answer.text;
  EXPECT_EQ(answer.person->user, "amelia.hughes");
  EXPECT_EQ(answer.person->source, "negotiate");
  EXPECT_THAT(answer.person->groups, Contains("pupils"));
  const auto reply = from_base64(answer.reply, kLargestToken);
  ASSERT_TRUE(reply.has_value());
  EXPECT_TRUE(client.believes(*reply));
}

TEST(Tickets, AreGoodWithoutGroupsWhenTheDirectoryIsGone) {
  Script server("directory_server.py");
  auto settings = with_keytab();
  settings.directory = with_directory(server).directory;
  const auto credentials = start(settings);
  server.tell("stop");
  KerberosClient client("amelia.hughes");
  const auto answer = show(*credentials, client.token());
  ASSERT_EQ(answer.kind, CredentialKind::accepted) << answer.text;
  EXPECT_THAT(answer.person->groups, IsEmpty());
}

TEST(Tickets, OfADisabledAccountAreRefused) {
  auto account = visitor();
  account.disabled = true;
  const auto credentials = start(with_keytab(), one_account("amelia.hughes", account));
  KerberosClient client("amelia.hughes");
  EXPECT_EQ(show(*credentials, client.token()).why, CredentialWhy::disabled);
}

TEST(Tickets, OverheardOrDamagedOnesAreRefusedOnEveryThread) {
  const auto credentials = start(with_keytab());
  KerberosClient client("amelia.hughes");
  const std::string token = client.token();
  ASSERT_EQ(show(*credentials, token).kind, CredentialKind::accepted);
  for (int i = 0; i < 12; ++i) EXPECT_EQ(show(*credentials, token).why, CredentialWhy::bad_token);
  EXPECT_EQ(show(*credentials, "nonsense").why, CredentialWhy::bad_token);
  EXPECT_EQ(show(*credentials, std::string(kLargestToken + 1, 'x')).why, CredentialWhy::bad_token);
}

TEST(Tickets, InBase64AsTheyStandInAField) {
  const auto credentials = start(with_keytab());
  KerberosClient client("amelia.hughes");
  for (const auto& [text, kind] : {std::pair{to_base64(client.token()), CredentialKind::accepted},
                                   {std::string("%%%%"), CredentialKind::refused}}) {
    std::promise<CredentialAnswer> promise;
    credentials->check_base64_token(text, kTablet,
                                    [&](CredentialAnswer answer) { promise.set_value(std::move(answer)); });
    EXPECT_EQ(promise.get_future().get().kind, kind);
  }
}

TEST(Tickets, AreTakenOfTheKeytabsRealmWhenNoPrincipalIsNamed) {
  auto settings = with_keytab();
  settings.keytab_principal.clear();
  const auto credentials = start(settings);
  KerberosClient client("amelia.hughes");
  const auto answer = show(*credentials, client.token());
  EXPECT_EQ(answer.kind, CredentialKind::accepted) << answer.text;
}

TEST(Tickets, AreNotTakenWithoutAKeytab) {
  const auto credentials = start({});
  EXPECT_FALSE(credentials->takes_tickets());
  EXPECT_EQ(show(*credentials, "x").why, CredentialWhy::not_configured);
}

TEST(Tickets, ManyAtOnceOnAllThreads) {
  const auto credentials = start(with_keytab());
  KerberosClient client("t.teacher");
  std::vector<std::string> tokens;
  for (int i = 0; i < 40; ++i) tokens.push_back(client.token());
  std::latch done(40);
  std::atomic<int> accepted{0};
  for (const std::string& token : tokens)
    credentials->check_token(token, kTablet, [&](CredentialAnswer answer) {
      accepted += answer.kind == CredentialKind::accepted;
      done.count_down();
    });
  done.wait();
  EXPECT_EQ(accepted, 40);
}

// --- groups

TEST(Groups, OfSomebodyWhomAnotherSourceKnows) {
  const auto credentials = start(with_directory(standing()), one_account("vera", visitor()));
  const auto amelia = groups(*credentials, "amelia.hughes"), vera = groups(*credentials, "vera");
  EXPECT_TRUE(amelia.known);
  EXPECT_THAT(amelia.groups, Contains("pupils"));
  EXPECT_EQ(amelia.name, "Amelia Hughes");
  EXPECT_THAT(vera.groups, Contains("visitors"));
  const auto nobody = groups(*credentials, "nobody.here");
  EXPECT_TRUE(nobody.known);
  EXPECT_THAT(nobody.groups, IsEmpty());
  EXPECT_TRUE(groups(*credentials, "leah.leaver").disabled);
  EXPECT_FALSE(groups(*credentials, "*)(uid=*").known);
}

TEST(Groups, OutliveTheDirectory) {
  Script server("directory_server.py");
  auto settings = with_directory(server);
  settings.directory->fresh = 0s;
  const auto credentials = start(settings);
  ASSERT_TRUE(groups(*credentials, "amelia.hughes").known);
  server.tell("stop");
  for (int i = 0; i < 3; ++i) EXPECT_THAT(groups(*credentials, "amelia.hughes").groups, Contains("pupils"));
  EXPECT_FALSE(groups(*credentials, "noah.patel").known);
}

TEST(Groups, WithoutADirectoryAreNone) {
  const auto credentials = start({});
  const auto answer = groups(*credentials, "amelia.hughes");
  EXPECT_TRUE(answer.known);
  EXPECT_THAT(answer.groups, IsEmpty());
}

// --- bounds

TEST(Queue, WhenItIsFullQuestionsAreRefusedAndCounted) {
  std::latch entered(1);
  std::promise<void> release;
  auto released = release.get_future().share();
  std::atomic<bool> first{true};
  Credentials::Settings settings;
  settings.threads = 1;
  settings.queue = 2;
  const auto credentials = start(settings, [&](std::string_view) -> std::optional<LocalAccount> {
    if (first.exchange(false)) entered.count_down();
    released.wait();
    return std::nullopt;
  });
  std::latch done(4);
  std::atomic<int> busy{0};
  const auto question = [&](int i) {  // each of a device of its own: one has an eighth of the queue
    credentials->check_password("pupil" + std::to_string(i), Secret("some password"),
                                names::IpAddress::v4(0x0A140100u + std::uint32_t(i)), [&](CredentialAnswer answer) {
                                  busy += answer.why == CredentialWhy::busy;
                                  done.count_down();
                                });
  };
  question(0);
  entered.wait();  // the only thread has it
  for (int i = 1; i < 4; ++i) question(i);
  EXPECT_EQ(credentials->counters().queue_full, 1u);
  EXPECT_EQ(credentials->counters().waiting, 2u);
  release.set_value();
  done.wait();
  EXPECT_EQ(busy, 1);
}

TEST(Queue, WhoeverStillWaitsAtTheEndIsAnswered) {
  std::atomic<int> answers{0};
  {
    const auto credentials = start(with_directory(standing()));
    for (int i = 0; i < 60; ++i) {
      char user[16];
      std::snprintf(user, sizeof user, "pupil%04d", i);
      credentials->check_password(user, Secret(kAmeliasPassword), kTablet, [&](CredentialAnswer) { ++answers; });
    }
  }
  EXPECT_EQ(answers, 60);
}

TEST(Secrecy, NoPasswordIsInOurLogOrInAnAnswer) {
  Script server("directory_server.py");
  ::testing::internal::CaptureStderr();
  const auto credentials = start(with_directory(server));
  std::string said;
  const auto note = [&](const CredentialAnswer& answer) { said += answer.text + answer.reply; };
  note(ask(*credentials, "amelia.hughes", "Tr0ub4dor-one"));
  note(ask(*credentials, "amelia.hughes\nTr0ub4dor", "Tr0ub4dor-two"));
  server.tell("stop");
  note(ask(*credentials, "noah.patel", "Tr0ub4dor-three"));
  note(show(*credentials, "Tr0ub4dor"));
  said += ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(said, AllOf(HasSubstr("directory does not answer"), Not(HasSubstr("Tr0ub4dor"))));
  EXPECT_THAT(said, Not(HasSubstr("service-secret")));
}

TEST(Settings, MistakesAreSaidAtTheStart) {
  auto no_keytab = with_keytab();
  no_keytab.keytab = "/nonexistent/keytab";
  EXPECT_EQ(Credentials::start(no_keytab, {}).error().fault, Fault::config);
}

}  // namespace
}  // namespace schoolgate::identity
