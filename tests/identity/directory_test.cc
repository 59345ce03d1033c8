// People and groups out of a real slapd, in both schemas.
#include "identity/directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <set>

#include "base/file.h"
#include "tests/identity/directory_script.h"

namespace schoolgate::identity {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::Not;
using VerdictKind = PasswordVerdict::Kind;
using Schema = DirectorySettings::Schema;

DirectorySettings settings_for(const Script& server, Schema schema) {
  DirectorySettings settings;
  settings.servers = {"ldap://127.0.0.1:" + server.fact("port")};
  settings.trust = server.fact("trust");
  settings.bind_dn = server.fact("bind_dn");
  settings.password_file = server.fact("password_file");
  settings.base = server.fact("base");
  settings.schema = schema;
  settings.timeout = std::chrono::seconds(5);
  return settings;
}

Directory open(const DirectorySettings& settings) {
  auto servers = DirectoryServers::open(settings);
  if (!servers) throw std::runtime_error(servers.error().text());
  return Directory(*std::move(servers));
}

/// A port on which nobody ever answers: it listens, and nothing more.
class SilentPort {
 public:
  SilentPort() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    ::bind(fd_, reinterpret_cast<sockaddr*>(&address), length);
    ::listen(fd_, 8);
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &length);
    port_ = ntohs(address.sin_port);
  }
  ~SilentPort() { ::close(fd_); }
  SilentPort(const SilentPort&) = delete;
  SilentPort& operator=(const SilentPort&) = delete;
  [[nodiscard]] std::string url() const { return "ldap://127.0.0.1:" + std::to_string(port_); }

 private:
  int fd_;
  int port_ = 0;
};

/// One server for all cases of a schema: it takes a second to start.
Script& openldap() {
  static Script server("directory_server.py", {"--schema", "openldap", "--pupils", "1200"});
  return server;
}
Script& active_directory() {
  static Script server("directory_server.py", {"--schema", "active_directory", "--pupils", "1200"});
  return server;
}

class DirectoryOfEachKind : public ::testing::TestWithParam<Schema> {
 protected:
  Script& server() { return GetParam() == Schema::openldap ? openldap() : active_directory(); }
  DirectorySettings settings() { return settings_for(server(), GetParam()); }
  std::string password() { return server().fact("password"); }
};
INSTANTIATE_TEST_SUITE_P(Schemas, DirectoryOfEachKind, ::testing::Values(Schema::openldap, Schema::active_directory),
                         [](const auto& param) {
                           return std::string(param.param == Schema::openldap ? "OpenLdap" : "ActiveDirectory");
                         });

TEST_P(DirectoryOfEachKind, FindsSomebodyWithNestedGroupsInLowerCase) {
  const auto found = open(settings()).find("amelia.hughes");
  ASSERT_TRUE(found.has_value()) << found.error().text();
  ASSERT_TRUE(found->has_value());
  EXPECT_EQ((*found)->user, "amelia.hughes");
  EXPECT_EQ((*found)->name, "Amelia Hughes");
  EXPECT_FALSE((*found)->disabled);
  EXPECT_THAT((*found)->groups, IsSupersetOf({"year-6", "ks2", "pupils"}));
  EXPECT_THAT((*found)->groups, Not(Contains("staff")));
}

TEST_P(DirectoryOfEachKind, ACircleOfGroupsEnds) {
  const auto found = open(settings()).find("amelia.hughes");
  ASSERT_TRUE(found.has_value()) << found.error().text();
  EXPECT_THAT((*found)->groups, IsSupersetOf({"circle-a", "circle-b"}));
}

TEST_P(DirectoryOfEachKind, ANameFullOfFilterCharactersHasItsGroups) {
  const auto found = open(settings()).find("jo.smith");
  ASSERT_TRUE(found.has_value()) << found.error().text();
  ASSERT_TRUE(found->has_value());
  EXPECT_EQ((*found)->name, "Jo (Year 4)*");
  EXPECT_THAT((*found)->groups, Contains("odd ones"));
}

TEST_P(DirectoryOfEachKind, NobodyIsNobody) {
  auto directory = open(settings());
  for (const char* name :
       {"nobody.here", "*", "*)(uid=*", "*)(sAMAccountName=*", "amelia*", "a)(|(uid=*", "\\2a", "\x01"}) {
    const auto found = directory.find(name);
    ASSERT_TRUE(found.has_value()) << name << ": " << found.error().text();
    EXPECT_FALSE(found->has_value()) << name;
  }
}

TEST_P(DirectoryOfEachKind, InjectionInTheNameOpensNothing) {
  auto directory = open(settings());
  for (const char* name : {"*", "*)(uid=*", "*)(objectClass=*", "amelia.hughes)(&"}) {
    const auto verdict = directory.check_password(name, password());
    ASSERT_TRUE(verdict.has_value()) << name << ": " << verdict.error().text();
    EXPECT_EQ(verdict->kind, VerdictKind::wrong) << name;
  }
}

TEST_P(DirectoryOfEachKind, TheRightPasswordIsAcceptedAndBringsTheGroups) {
  const auto verdict = open(settings()).check_password("AMELIA.hughes", password());
  ASSERT_TRUE(verdict.has_value()) << verdict.error().text();
  EXPECT_EQ(verdict->kind, VerdictKind::accepted);
  EXPECT_EQ(verdict->person.user, "amelia.hughes");
  EXPECT_THAT(verdict->person.groups, Contains("pupils"));
}

TEST_P(DirectoryOfEachKind, AWrongPasswordAndAnUnknownNameLookTheSame) {
  auto directory = open(settings());
  const auto wrong = directory.check_password("amelia.hughes", "four green apples");
  const auto unknown = directory.check_password("amelia.hughez", password());
  ASSERT_TRUE(wrong.has_value()) << wrong.error().text();
  ASSERT_TRUE(unknown.has_value()) << unknown.error().text();
  EXPECT_EQ(wrong->kind, VerdictKind::wrong);
  EXPECT_EQ(unknown->kind, VerdictKind::wrong);
}

TEST_P(DirectoryOfEachKind, SearchesGoOnAfterAWrongPassword) {
  auto directory = open(settings());
  ASSERT_TRUE(directory.check_password("amelia.hughes", "wrong").has_value());
  const auto found = directory.find("noah.patel");
  ASSERT_TRUE(found.has_value()) << found.error().text();
  EXPECT_TRUE(found->has_value());
}

TEST_P(DirectoryOfEachKind, AnEmptyPasswordIsWrong) {
  const auto verdict = open(settings()).check_password("amelia.hughes", "");
  ASSERT_TRUE(verdict.has_value()) << verdict.error().text();
  EXPECT_EQ(verdict->kind, VerdictKind::wrong);
}

TEST_P(DirectoryOfEachKind, DisabledAndExpiredAccountsAreRefusedWithTheRightPassword) {
  auto directory = open(settings());
  for (const char* name : {"leah.leaver", "lewis.locked"}) {
    const auto found = directory.find(name);
    ASSERT_TRUE(found.has_value()) << found.error().text();
    ASSERT_TRUE(found->has_value()) << name;
    EXPECT_TRUE((*found)->disabled) << name;
    const auto verdict = directory.check_password(name, password());
    ASSERT_TRUE(verdict.has_value()) << verdict.error().text();
    EXPECT_NE(verdict->kind, VerdictKind::accepted) << name;
  }
}

TEST_P(DirectoryOfEachKind, TwoEntriesOfOneNameAreAnErrorAndNeverAChoice) {
  const auto found = open(settings()).find("twin");
  ASSERT_FALSE(found.has_value());
  EXPECT_EQ(found.error().fault, Fault::config);
  EXPECT_THAT(found.error().what, HasSubstr("same account name"));
}

TEST_P(DirectoryOfEachKind, EverybodyComesInPages) {
  std::set<std::string> users;
  const auto count = open(settings()).for_each_person([&](const DirectoryPerson& person) {
    users.insert(person.user);
    return true;
  });
  ASSERT_TRUE(count.has_value()) << count.error().text();
  EXPECT_GT(*count, 1200u);  // the server tells at most 500 at once
  EXPECT_TRUE(users.contains("pupil0000") && users.contains("pupil1199") && users.contains("amelia.hughes"));
  EXPECT_FALSE(users.contains("pc12"));
}

TEST_P(DirectoryOfEachKind, WhoeverWalksMayStop) {
  const auto count = open(settings()).for_each_person([](const DirectoryPerson&) { return false; });
  ASSERT_TRUE(count.has_value()) << count.error().text();
  EXPECT_EQ(*count, 1u);
}

TEST_P(DirectoryOfEachKind, LdapsIsVerifiedToo) {
  auto over_tls = settings();
  over_tls.servers = {"ldaps://127.0.0.1:" + server().fact("tls_port")};
  const auto found = open(over_tls).find("amelia.hughes");
  ASSERT_TRUE(found.has_value()) << found.error().text();
  EXPECT_TRUE(found->has_value());
}

TEST_P(DirectoryOfEachKind, ACertificateOfAStrangerIsRefused) {
  for (const std::string& url :
       {"ldap://127.0.0.1:" + server().fact("port"), "ldaps://127.0.0.1:" + server().fact("tls_port")}) {
    auto strange = settings();
    strange.servers = {url};
    strange.trust = server().fact("stranger");
    const auto found = open(strange).find("amelia.hughes");
    ASSERT_FALSE(found.has_value()) << url;
    EXPECT_EQ(found.error().fault, Fault::config) << found.error().text();
    EXPECT_THAT(found.error().next, HasSubstr("trust"));
  }
}

// The server is at 127.0.0.2 too, which its certificate does not name.
TEST_P(DirectoryOfEachKind, ACertificateForAnotherNameIsRefused) {
  for (const std::string& url :
       {"ldap://127.0.0.2:" + server().fact("port"), "ldaps://127.0.0.2:" + server().fact("tls_port")}) {
    auto other = settings();
    other.servers = {url};
    const auto verdict = open(other).check_password("amelia.hughes", password());
    ASSERT_FALSE(verdict.has_value()) << url;
    EXPECT_EQ(verdict.error().fault, Fault::config) << verdict.error().text();
  }
}

TEST_P(DirectoryOfEachKind, AWrongServicePasswordSaysSoAndIsNotShown) {
  const auto file = std::filesystem::path(server().fact("folder")) / "wrong.password";
  ASSERT_TRUE(replace_file(file, "guess-of-the-service\n").has_value());
  auto wrong = settings();
  wrong.password_file = file;
  const auto found = open(wrong).find("amelia.hughes");
  ASSERT_FALSE(found.has_value());
  EXPECT_EQ(found.error().fault, Fault::config);
  EXPECT_THAT(found.error().text(), AllOf(HasSubstr("bind_dn"), Not(HasSubstr("guess-of"))));
}

TEST_P(DirectoryOfEachKind, AWrongBaseSaysSo) {
  auto wrong = settings();
  wrong.base = "dc=elsewhere,dc=example";
  const auto found = open(wrong).find("amelia.hughes");
  ASSERT_FALSE(found.has_value());
  EXPECT_EQ(found.error().fault, Fault::config);
  EXPECT_THAT(found.error().next, HasSubstr("base"));
}

TEST_P(DirectoryOfEachKind, TheSecondServerAnswersWhenTheFirstIsGone) {
  auto two = settings();
  two.servers.insert(two.servers.begin(), "ldap://127.0.0.1:1");
  const auto found = open(two).find("amelia.hughes");
  ASSERT_TRUE(found.has_value()) << found.error().text();
  EXPECT_TRUE(found->has_value());
}

TEST_P(DirectoryOfEachKind, AServerThatSaysNothingIsGivenUp) {
  const SilentPort silent;
  auto two = settings();
  two.timeout = std::chrono::seconds(1);
  two.servers.insert(two.servers.begin(), silent.url());
  const auto found = open(two).find("amelia.hughes");
  ASSERT_TRUE(found.has_value()) << found.error().text();
  EXPECT_TRUE(found->has_value());
  two.servers = {silent.url()};
  auto alone = open(two);
  const auto nothing = alone.find("amelia.hughes");
  ASSERT_FALSE(nothing.has_value());
  EXPECT_EQ(nothing.error().fault, Fault::upstream) << nothing.error().text();
  EXPECT_THAT(alone.find("amelia.hughes").error().what, HasSubstr("lately"));  // not waited for again at once
}

TEST(Directory, OpenLdapGroupsOfAccountsAndOfUniqueNames) {
  const auto found = open(settings_for(openldap(), Schema::openldap)).find("amelia.hughes");
  ASSERT_TRUE(found.has_value()) << found.error().text();
  EXPECT_THAT((*found)->groups,
              ElementsAre("chess-club", "circle-a", "circle-b", "clubs", "ks2", "prefects", "pupils", "year-6"));
}

TEST(Directory, ActiveDirectorysPrimaryGroupCountsAndSoDoGroupsAboveIt) {
  const auto found = open(settings_for(active_directory(), Schema::active_directory)).find("t.teacher");
  ASSERT_TRUE(found.has_value()) << found.error().text();
  EXPECT_THAT((*found)->groups, ElementsAre("domain users", "everybody", "staff"));
}

TEST(Directory, ActiveDirectoryPeopleAreFoundByTheirLongNameToo) {
  const auto found =
      open(settings_for(active_directory(), Schema::active_directory)).find("Amelia.Hughes@school.example");
  ASSERT_TRUE(found.has_value()) << found.error().text();
  ASSERT_TRUE(found->has_value());
  EXPECT_EQ((*found)->user, "amelia.hughes");
}

TEST(Directory, AMachineIsNoPerson) {
  const auto found = open(settings_for(active_directory(), Schema::active_directory)).find("pc12");
  ASSERT_TRUE(found.has_value()) << found.error().text();
  EXPECT_FALSE(found->has_value());
}

TEST(Directory, AServerWithoutTlsIsSpokenToInClearOnThisMachineOnly) {
  Script server("directory_server.py", {"--no-tls"});
  auto settings = settings_for(server, Schema::openldap);
  settings.trust.reset();
  const auto refused = open(settings).find("amelia.hughes");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().fault, Fault::config);
  EXPECT_THAT(refused.error().text(), AllOf(HasSubstr("StartTLS"), HasSubstr("ldaps://")));
  settings.start_tls = false;
  const auto found = open(settings).find("amelia.hughes");
  ASSERT_TRUE(found.has_value()) << found.error().text();
  EXPECT_TRUE(found->has_value());
}

TEST(Directory, ComesBackWhenTheServerDoes) {
  Script server("directory_server.py");
  auto directory = open(settings_for(server, Schema::openldap));
  ASSERT_TRUE(directory.find("amelia.hughes").has_value());
  server.tell("stop");
  const auto gone = directory.find("amelia.hughes");
  ASSERT_FALSE(gone.has_value());
  EXPECT_EQ(gone.error().fault, Fault::upstream) << gone.error().text();
  server.tell("start");
  // It is left alone for a second after a failure, so the first answers may still be that.
  auto back = directory.find("amelia.hughes");
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!back && std::chrono::steady_clock::now() < deadline) back = directory.find("amelia.hughes");
  ASSERT_TRUE(back.has_value()) << back.error().text();
  EXPECT_TRUE(back->has_value());
}

TEST(Directory, AConnectionThatTheServerEndedIsMadeAnew) {
  Script server("directory_server.py");
  auto directory = open(settings_for(server, Schema::openldap));
  ASSERT_TRUE(directory.check_password("amelia.hughes", server.fact("password")).has_value());
  server.tell("stop");
  server.tell("start");
  const auto verdict = directory.check_password("amelia.hughes", server.fact("password"));
  ASSERT_TRUE(verdict.has_value()) << verdict.error().text();
  EXPECT_EQ(verdict->kind, VerdictKind::accepted);
}

TEST(Directory, FailsOverInTheMiddleOfItsWork) {
  Script first("directory_server.py"), second("directory_server.py");
  auto settings = settings_for(first, Schema::openldap);
  settings.servers.push_back("ldap://127.0.0.1:" + second.fact("port"));
  const auto both = std::filesystem::path(first.fact("folder")) / "both.pem";
  ASSERT_TRUE(replace_file(both, *read_file(first.fact("trust")) + *read_file(second.fact("trust"))).has_value());
  settings.trust = both;
  auto directory = open(settings);
  ASSERT_TRUE(directory.find("amelia.hughes").has_value());
  first.tell("stop");
  const auto found = directory.find("noah.patel");
  ASSERT_TRUE(found.has_value()) << found.error().text();
  EXPECT_TRUE(found->has_value());
  const auto verdict = directory.check_password("noah.patel", second.fact("password"));
  ASSERT_TRUE(verdict.has_value()) << verdict.error().text();
  EXPECT_EQ(verdict->kind, VerdictKind::accepted);
}

TEST(Directory, NoPasswordIsInTheServersLogOfAWrongName) {
  // What we send to be searched for is a name; a password goes into a bind and nowhere else.
  Script server("directory_server.py");
  auto directory = open(settings_for(server, Schema::openldap));
  ASSERT_TRUE(directory.check_password("amelia.hughes", "Tr0ub4dor-of-the-test").has_value());
  const auto log = read_file(server.fact("log"));
  ASSERT_TRUE(log.has_value());
  EXPECT_THAT(*log, AllOf(HasSubstr("amelia.hughes"), Not(HasSubstr("Tr0ub4dor"))));
}

// --- settings

class BadSettings : public ::testing::Test {
 protected:
  static Error refused(const DirectorySettings& settings) {
    auto servers = DirectoryServers::open(settings);
    return servers ? Error{Fault::self, "was accepted", {}} : servers.error();
  }
};

TEST_F(BadSettings, PasswordsNeverTravelInClear) {
  DirectorySettings settings;
  settings.servers = {"ldap://dc1.school.example"};
  settings.start_tls = false;
  EXPECT_THAT(refused(settings).what, HasSubstr("in clear"));
}

TEST_F(BadSettings, WhatIsNoServerIsSaid) {
  DirectorySettings settings;
  EXPECT_THAT(refused(settings).what, HasSubstr("no server"));
  for (const char* url : {"dc1.school.example", "http://dc1.school.example", "ldap://", "ldap://dc1/dc=x?sub",
                          "ldap://dc1:0", "ldap://dc1:70000", "ldap://[::1", "ldap://[dc1]", "ldap://a b"}) {
    settings.servers = {url};
    EXPECT_THAT(refused(settings).what, HasSubstr("no address")) << url;
  }
}

TEST_F(BadSettings, AnAccountWithoutPasswordIsSaid) {
  DirectorySettings settings;
  settings.servers = {"ldaps://dc1.school.example"};
  settings.bind_dn = "cn=schoolgate";
  EXPECT_THAT(refused(settings).what, HasSubstr("no password"));
}

TEST_F(BadSettings, ATrustFileMustBeOne) {
  DirectorySettings settings;
  settings.servers = {"ldaps://dc1.school.example"};
  settings.trust = "/nonexistent/authority.pem";
  EXPECT_NE(refused(settings).fault, Fault::self);
}

// --- order of servers

class DirectoryServersTest : public ::testing::Test {
 protected:
  DirectoryServersTest() {
    DirectorySettings settings;
    settings.servers = {"ldaps://one.school.example", "ldaps://two.school.example"};
    settings.timeout = std::chrono::seconds(5);
    servers_ = *DirectoryServers::open(settings);
  }
  std::shared_ptr<DirectoryServers> servers_;
  DirectoryServers::Clock::time_point now_ = DirectoryServers::Clock::now();
};

TEST_F(DirectoryServersTest, AreAskedInTheOrderOfTheSchool) { EXPECT_THAT(servers_->order(now_), ElementsAre(0, 1)); }

TEST_F(DirectoryServersTest, OneThatFailedRestsLongerEachTimeAndAtMostFifteenSeconds) {
  for (const int rest : {1, 2, 4, 8, 15, 15, 15}) {
    servers_->failed(0, now_);
    EXPECT_THAT(servers_->order(now_ + std::chrono::seconds(rest) - std::chrono::milliseconds(1)), ElementsAre(1))
        << rest;
    now_ += std::chrono::seconds(rest);
    EXPECT_THAT(servers_->order(now_), ElementsAre(0, 1)) << rest;
  }
  servers_->answered(0);
  servers_->failed(0, now_);
  EXPECT_THAT(servers_->order(now_ + std::chrono::seconds(1)), ElementsAre(0, 1));
}

TEST_F(DirectoryServersTest, OneThreadAtATimeTriesOneThatFailedBefore) {
  servers_->failed(0, now_);
  servers_->failed(1, now_);
  EXPECT_THAT(servers_->order(now_), IsEmpty());
  now_ += std::chrono::seconds(1);
  EXPECT_THAT(servers_->order(now_), ElementsAre(0, 1));
  EXPECT_THAT(servers_->order(now_), IsEmpty());
  EXPECT_THAT(servers_->order(now_ + std::chrono::seconds(15)), ElementsAre(0, 1));  // whoever tried never came back
}

}  // namespace
}  // namespace schoolgate::identity
