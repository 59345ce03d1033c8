#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/load.h"
#include "tests/config/scratch_folder.h"

namespace schoolgate::config {
namespace {

using identity::Source;
using test::ScratchFolder;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using namespace std::chrono_literals;

constexpr const char* kSite = "site: { name: S, timezone: UTC }\nstate: state\n";
constexpr const char* kListen = "listen: { proxy: [\"127.0.0.1:8080\"], portal: [\"127.0.0.1:8090\"] }\n";

std::string text_of(const Problems& problems) {
  std::string out;
  for (const Problem& problem : problems) out += problem.text() + "\n";
  return out;
}

class Identity : public testing::Test {
 protected:
  Identity() {
    folder_.write_sound();
    for (const char* secret : {"http.keytab", "bind.password", "radius.secret", "logon.secret", "signin.key"}) {
      folder_.write(secret, "secret");
      std::filesystem::permissions(folder_.path() / secret,
                                   std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    }
    for (const char* file : {"ca.pem", "signin.pem", "dhcp.leases", "terms/pupil.md"}) folder_.write(file, "x");
  }
  Loaded read(std::string_view identity, const char* listen = kListen) {
    folder_.write("schoolgate.yaml", std::string(kSite) + listen + std::string(identity));
    return load(folder_.path());
  }
  identity::IdentitySettings sound(std::string_view identity) {
    const Loaded loaded = read(identity);
    EXPECT_EQ(text_of(loaded.problems), "");
    return loaded.configuration ? loaded.configuration->settings.identity : identity::IdentitySettings{};
  }
  ScratchFolder folder_;
};

TEST_F(Identity, WithoutASectionNobodyIsAsked) {
  const identity::IdentitySettings out = sound("");
  EXPECT_THAT(out.sources, IsEmpty());
  EXPECT_FALSE(out.directory || out.radius || out.sign_in || out.keytab || out.logon_secret_file);
  EXPECT_EQ(out.sessions.idle, 30min);
  EXPECT_EQ(out.sessions.devices, 3u);
}

TEST_F(Identity, ReadsEveryKey) {
  const identity::IdentitySettings out = sound(R"(identity:
  sources: [negotiate, basic, radius, logon, sign-in, dhcp, neighbours]
  negotiate: { keytab: http.keytab, principal: HTTP/gateway.school.example@SCHOOL.EXAMPLE }
  basic: { networks: ["10.20.0.0/16"] }
  proxy_networks: ["10.20.0.0/16", "fd00::/8"]
  address_follows: { networks: ["10.20.5.0/24"], minutes: 20 }
  directory:
    servers: [ldaps://dc1.school.example, "ldap://dc2.school.example:389"]
    schema: openldap
    base: "dc=school,dc=example"
    bind: { dn: "cn=reader,dc=school,dc=example", password_file: bind.password }
    trust: ca.pem
    fresh: 5m
    stale: 12h
    timeout: 3s
  radius: { listen: "0.0.0.0", clients: [ { network: 10.0.0.2, secret_file: radius.secret } ] }
  logon: { secret_file: logon.secret }
  leases: [ { path: dhcp.leases, format: kea } ]
  sessions: { idle: 20m, end_of_day: "18:00", devices: 2 }
  sign_in: { networks: ["10.20.4.0/22"], host: SignIn.school.example, certificate: signin.pem, key: signin.key,
             terms: terms/, renew: 30d }
)");
  EXPECT_THAT(out.sources, ElementsAre(Source::negotiate, Source::basic, Source::radius, Source::logon, Source::sign_in,
                                       Source::dhcp, Source::neighbours));
  EXPECT_EQ(out.keytab, folder_.path() / "http.keytab");
  EXPECT_EQ(out.keytab_principal, "HTTP/gateway.school.example@SCHOOL.EXAMPLE");
  EXPECT_THAT(out.basic_networks, ElementsAre(*names::IpNetwork::parse("10.20.0.0/16")));
  EXPECT_EQ(out.proxy_networks.size(), 2u);
  EXPECT_THAT(out.address_follows.networks, ElementsAre(*names::IpNetwork::parse("10.20.5.0/24")));
  EXPECT_EQ(out.address_follows.minutes, std::chrono::minutes(20));
  ASSERT_TRUE(out.directory);
  EXPECT_THAT(out.directory->servers, ElementsAre("ldaps://dc1.school.example", "ldap://dc2.school.example:389"));
  EXPECT_EQ(out.directory->schema, identity::DirectorySettings::Schema::openldap);
  EXPECT_EQ(out.directory->base, "dc=school,dc=example");
  EXPECT_EQ(out.directory->bind_dn, "cn=reader,dc=school,dc=example");
  EXPECT_EQ(out.directory->password_file, folder_.path() / "bind.password");
  EXPECT_EQ(out.directory->trust, folder_.path() / "ca.pem");
  EXPECT_TRUE(out.directory->start_tls);
  EXPECT_EQ(out.directory->fresh, 5min);
  EXPECT_EQ(out.directory->stale, 12h);
  EXPECT_EQ(out.directory->timeout, 3s);
  ASSERT_TRUE(out.radius);
  EXPECT_EQ(out.radius->port, 1813) << "the default of RFC 2866";
  ASSERT_EQ(out.radius->clients.size(), 1u);
  EXPECT_EQ(out.radius->clients[0].network, *names::IpNetwork::parse("10.0.0.2"));
  EXPECT_EQ(out.radius->clients[0].secret_file, folder_.path() / "radius.secret");
  EXPECT_EQ(out.logon_secret_file, folder_.path() / "logon.secret");
  ASSERT_EQ(out.leases.size(), 1u);
  EXPECT_EQ(out.leases[0].format, identity::LeaseFile::Format::kea);
  EXPECT_EQ(out.sessions.idle, 20min);
  EXPECT_EQ(out.sessions.end_of_day_minute, 18 * 60);
  EXPECT_EQ(out.sessions.devices, 2u);
  ASSERT_TRUE(out.sign_in);
  EXPECT_EQ(out.sign_in->networks.size(), 1u);
  EXPECT_EQ(out.sign_in->host, "signin.school.example");
  EXPECT_EQ(out.sign_in->certificate, folder_.path() / "signin.pem");
  EXPECT_EQ(out.sign_in->key, folder_.path() / "signin.key");
  EXPECT_EQ(out.sign_in->terms, folder_.path() / "terms/");
  EXPECT_EQ(out.sign_in->terms_renewal, std::chrono::days(30));
}

TEST_F(Identity, APasswordGoesInClearToThisMachineOnly) {
  for (const char* server : {"ldap://localhost", "ldap://127.0.0.1:3389", "ldap://[::1]:389", "ldap://127.8.0.1/x"})
    EXPECT_EQ(text_of(read("identity:\n  sources: [basic]\n  directory: { servers: [\"" + std::string(server) +
                           "\"], start_tls: false, schema: openldap, base: dc=x }\n")
                          .problems),
              "")
        << server;
  for (const char* server :
       {"ldap://dc1.school.example", "ldap://10.0.0.1", "ldap://localhost.school.example", "ldap://[2001:db8::1]"})
    EXPECT_THAT(text_of(read("identity:\n  sources: [basic]\n  directory: { servers: [\"" + std::string(server) +
                             "\"], start_tls: false, schema: openldap, base: dc=x }\n")
                            .problems),
                HasSubstr("passwords would cross the network in clear"))
        << server;
}

TEST_F(Identity, ASourceAndItsSectionGoTogether) {
  EXPECT_THAT(text_of(read("identity: { sources: [radius] }\n").problems),
              HasSubstr("schoolgate.yaml:4:23: 'radius' needs the section 'radius' (add it beside 'sources'"));
  EXPECT_THAT(text_of(read("identity: { sources: [dhcp] }\n").problems),
              HasSubstr("'dhcp' needs the section 'leases'"));
  const Loaded loaded = read("identity: { sources: [neighbours], logon: { secret_file: logon.secret } }\n");
  EXPECT_TRUE(loaded.configuration) << text_of(loaded.problems);
  EXPECT_THAT(text_of(loaded.problems),
              HasSubstr("warning: this section has no effect: 'logon' is not among the sources"));
}

TEST_F(Identity, TheSignInPageMustListenSomewhere) {
  constexpr std::string_view kSignIn = "identity: { sources: [sign-in], sign_in: { host: signin.school.example } }\n";
  EXPECT_EQ(text_of(read(kSignIn).problems), "");
  EXPECT_THAT(text_of(read(kSignIn, "listen: { proxy: [\"127.0.0.1:8080\"] }\n").problems),
              HasSubstr("'sign-in' is answered nowhere (add listen.portal or listen.portal_tls)"));
}

// The calls of logon scripts come to the sign-in page.
TEST_F(Identity, ALogonSourceNeedsSomethingThatListens) {
  constexpr std::string_view kAlone = "identity: { sources: [logon], logon: { secret_file: logon.secret } }\n";
  constexpr std::string_view kWithPage =
      "identity: { sources: [logon], logon: { secret_file: logon.secret }, sign_in: { host: signin.school.example } "
      "}\n";
  EXPECT_THAT(text_of(read(kAlone).problems),
              HasSubstr("'logon' is answered nowhere (add the section 'sign_in' beside 'sources')"));
  const Loaded unheard = read(kWithPage, "listen: { proxy: [\"127.0.0.1:8080\"] }\n");
  EXPECT_FALSE(unheard.configuration);
  EXPECT_THAT(text_of(unheard.problems),
              HasSubstr("'logon' is answered nowhere (add listen.portal or listen.portal_tls)"));
  EXPECT_THAT(text_of(read(kWithPage).problems), testing::Not(HasSubstr("answered nowhere")));
}

TEST_F(Identity, PortalsAreReadBesideTheConsole) {
  const Loaded loaded = read("",
                             "listen: { proxy: [\"127.0.0.1:8080\"], portal: [\"127.0.0.1:80\"], portal_tls: "
                             "[\"127.0.0.1:443\", \"[::1]:443\"], console: \"127.0.0.1:9443\" }\n"
                             "retention: { incidents: 10y, people: 180d }\n");
  ASSERT_TRUE(loaded.configuration) << text_of(loaded.problems);
  const Settings& settings = loaded.configuration->settings;
  ASSERT_EQ(settings.listen.portal.size(), 1u);
  EXPECT_EQ(settings.listen.portal[0].text(), "127.0.0.1:80");
  EXPECT_EQ(settings.listen.portal_tls.size(), 2u);
  EXPECT_EQ(settings.listen.console->text(), "127.0.0.1:9443");
  EXPECT_EQ(settings.retention.incidents, 24h * 3650);
  EXPECT_EQ(settings.retention.people, 24h * 180);
}

}  // namespace
}  // namespace schoolgate::config
