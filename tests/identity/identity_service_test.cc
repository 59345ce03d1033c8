// The room put together, asked as its neighbours ask it: RADIUS over a socket, logon calls, lease files, another
// process that changes people.db, and a restart.
#include "identity/identity_service.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <thread>

#include "identity/access_register.h"
#include "identity/accounts.h"
#include "identity/device_register.h"
#include "tests/identity/radius_packets.h"
#include "tests/identity/scratch_state.h"

namespace schoolgate::identity {
namespace {

using test::address;
using test::radius_start;
using test::RadiusPacket;
using namespace std::chrono_literals;
using Kind = SessionEvent::Kind;
constexpr std::string_view kSecret = "staple-battery-horse";
constexpr std::string_view kLogonSecret = "0123456789abcdef0123456789abcdef";

class Service : public testing::Test {
 protected:
  void SetUp() override {
    settings_.sources = {Source::radius, Source::logon, Source::sign_in, Source::dhcp, Source::neighbours};
    settings_.radius =
        RadiusSettings{.address = address("127.0.0.1"),
                       .port = 0,
                       .clients = {{*names::IpNetwork::parse("127.0.0.1"), state_.write("radius.secret", kSecret)}}};
    settings_.logon_secret_file = state_.write("logon.secret", kLogonSecret);
    settings_.leases = {
        {state_.write("leases", "0 02:00:5e:10:00:07 10.20.1.7 hall-console *\n"), LeaseFile::Format::dnsmasq}};
    settings_.sign_in = SignInSettings{};
    open();
  }
  void TearDown() override { service_.reset(); }

  void open() {
    auto opened = IdentityService::open(settings_, state_.folder(), store_,
                                        {.now =
                                             [this] {
                                               Moment now = moment_now();
                                               now.steady += seconds_ahead_.fetch_add(seconds_each_look_) * 1s;
                                               return now;
                                             },
                                         .on_event =
                                             [this](const SessionEvent& event) {
                                               const std::scoped_lock lock(mutex_);
                                               events_.push_back(event);
                                               arrived_.notify_all();
                                             },
                                         .neighbours =
                                             [this] {
                                               const std::scoped_lock lock(mutex_);
                                               return neighbours_;
                                             }});
    ASSERT_TRUE(opened) << opened.error().text();
    service_ = *std::move(opened);
    service_->start();
  }
  /// True when such an event has come or comes within 20 s.
  bool comes(Kind kind, std::string_view user) {
    std::unique_lock lock(mutex_);
    return arrived_.wait_for(lock, std::chrono::seconds(20), [&] {
      return std::ranges::any_of(events_,
                                 [&](const SessionEvent& event) { return event.kind == kind && event.user == user; });
    });
  }
  /// For what another thread of the room does without an event: looks until it is so, at most 20 s.
  static bool eventually(const std::function<bool()>& holds) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!holds()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::yield();
    }
    return true;
  }
  /// Sends one packet and waits for its answer: after that it has been acted upon.
  bool account(const RadiusPacket& packet, std::string_view secret = kSecret) {
    const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(service_->radius_port());
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const std::string bytes = packet.signed_with(secret);
    ::sendto(fd, bytes.data(), bytes.size(), 0, reinterpret_cast<sockaddr*>(&to), sizeof to);
    pollfd ready{fd, POLLIN, 0};
    const bool answered = ::poll(&ready, 1, secret == kSecret ? 10'000 : 300) == 1;
    ::close(fd);
    return answered;
  }
  static RadiusPacket report(std::uint8_t id, std::uint32_t status, std::string_view user, std::string_view ap,
                             std::string_view session) {
    return RadiusPacket(id)
        .number(40, status)
        .text(1, user)
        .text(32, ap)
        .text(44, session)
        .text(31, "02-00-5E-10-00-01")
        .number(8, 0x0A140105);
  }
  LogonParameters logon(std::string_view user, std::string_view event) {
    LogonParameters parameters{.user = std::string(user),
                               .address = "10.20.1.15",
                               .event = std::string(event),
                               .time = std::to_string(wall_now().time_since_epoch().count() / 1000),
                               .signature = {}};
    parameters.signature = LogonCalls::sign(kLogonSecret, parameters);
    return parameters;
  }
  std::string who(std::string_view at) {
    const auto map = store_.current();
    const auto found = map->find(address(at));
    return found == map->end() || !found->second->person ? "" : found->second->person->user;
  }
  void add(const Account& account) { EXPECT_TRUE(Accounts(service_->people()).put(account, "office", wall_now())); }

  test::ScratchState state_;
  IdentitySettings settings_;
  rules::PresenceStore store_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<SessionEvent> events_;
  /// Time goes faster for the service: by so much whenever it looks at its clock.
  std::atomic<int> seconds_each_look_ = 0, seconds_ahead_ = 0;
  std::vector<DeviceSeen> neighbours_;
  std::unique_ptr<IdentityService> service_;
};

TEST_F(Service, A8021XDayIsFollowed) {
  add({.user = "amelia.hughes", .name = "Amelia Hughes", .groups = {"year6"}});
  // The access point restarts, the child's laptop comes, moves to the next access point, and leaves.
  EXPECT_TRUE(account(RadiusPacket(1).number(40, 7).text(32, "ap-hall")));
  EXPECT_TRUE(account(RadiusPacket(2)
                          .number(40, 1)
                          .text(1, "SCHOOL\\Amelia.Hughes")
                          .text(32, "ap-hall")
                          .text(44, "5F00-12")
                          .text(31, "02-00-5E-10-00-01:School")));
  EXPECT_EQ(who("10.20.1.5"), "");  // before DHCP
  EXPECT_TRUE(account(report(3, 3, "SCHOOL\\Amelia.Hughes", "ap-hall", "5F00-12")));
  EXPECT_EQ(who("10.20.1.5"), "amelia.hughes");
  EXPECT_TRUE(account(report(4, 1, "SCHOOL\\Amelia.Hughes", "ap-library", "71A2-03")));
  EXPECT_TRUE(account(report(5, 2, "SCHOOL\\Amelia.Hughes", "ap-hall", "5F00-12")));
  EXPECT_EQ(who("10.20.1.5"), "amelia.hughes");
  EXPECT_TRUE(account(report(6, 2, "SCHOOL\\Amelia.Hughes", "ap-library", "71A2-03")));
  EXPECT_EQ(who("10.20.1.5"), "");
  EXPECT_TRUE(account(report(7, 1, "SCHOOL\\Amelia.Hughes", "ap-hall", "5F00-13")));
  EXPECT_TRUE(account(RadiusPacket(8).number(40, 8).text(32, "ap-hall")));
  EXPECT_EQ(who("10.20.1.5"), "");
  // Counted once it is sent: its receiver may be faster than the count.
  EXPECT_TRUE(eventually([&] { return service_->counters().radius.answered == 8u; }));
}

TEST_F(Service, GroupsAndTermsOfRadiusPeopleComeFromTheirAccount) {
  add({.user = "amelia.hughes", .name = "Amelia Hughes", .groups = {"year6"}});
  EXPECT_TRUE(account(radius_start(1)));
  EXPECT_TRUE(eventually([&] {
    const auto presence = store_.current()->at(address("10.20.1.5"));
    return presence->person && presence->person->groups == std::vector<std::string>{"year6"} &&
           presence->person->name == "Amelia Hughes" && presence->terms_due;
  }));
  EXPECT_TRUE(eventually([&] { return AccessRegister(service_->people()).rows()->size() == 1; }));
}

TEST_F(Service, AForgedAccountingPacketGivesNobodyAccess) {
  EXPECT_FALSE(account(radius_start(1), "guessed-secret"));
  EXPECT_TRUE(comes(Kind::refused, ""));
  EXPECT_EQ(who("10.20.1.5"), "");
  EXPECT_EQ(service_->counters().radius.refused[std::size_t(RadiusRefusal::wrong_secret)], 1u);
}

TEST_F(Service, MachinesAndTunnelsAreNobody) {
  EXPECT_TRUE(account(radius_start(1, "host/pc12.school.example")));
  EXPECT_EQ(who("10.20.1.5"), "");
  EXPECT_EQ(store_.current()->at(address("10.20.1.5"))->device.name, "pc12");
  EXPECT_TRUE(account(radius_start(2, "02005e100001")));
  EXPECT_TRUE(account(radius_start(3, "anonymous@school.example")));
  EXPECT_TRUE(account(radius_start(4, "a)(uid=*")));
  EXPECT_EQ(who("10.20.1.5"), "");
}

TEST_F(Service, ALogonScriptSaysInAndOut) {
  ASSERT_TRUE(service_->takes_logon_calls());
  EXPECT_TRUE(service_->logon(logon("SCHOOL\\noah", "in")));
  EXPECT_EQ(who("10.20.1.15"), "noah");
  EXPECT_TRUE(service_->logon(logon("noah", "out")));
  EXPECT_EQ(who("10.20.1.15"), "");
  LogonParameters forged = logon("head", "in");
  forged.user = "noah";
  EXPECT_EQ(service_->logon(forged).error(), LogonRefusal::wrong_signature);
  EXPECT_EQ(who("10.20.1.15"), "");
  EXPECT_TRUE(comes(Kind::refused, ""));
}

TEST_F(Service, AnAccountThatAnotherProcessClosesIsSignedOut) {
  add({.user = "ida", .name = "Ida", .groups = {"year1"}, .no_password = true});
  EXPECT_NE(service_->sign_in().with_name_only("ida", address("10.20.1.9")).kind, PortalAnswer::Kind::refused);
  EXPECT_EQ(who("10.20.1.9"), "ida");
  ASSERT_TRUE(Accounts(*PeopleDatabase::open(state_.folder()).value()).close("ida", "left", "office", wall_now()));
  EXPECT_TRUE(comes(Kind::signed_out, "ida"));
  EXPECT_EQ(who("10.20.1.9"), "");
}

TEST_F(Service, LeasesNeighboursAndTheRegisterNameAMachine) {
  {
    const std::scoped_lock lock(mutex_);
    neighbours_ = {{address("10.20.1.7"), "02:00:5e:10:00:07", "", true}};
  }
  ASSERT_TRUE(DeviceRegister(*PeopleDatabase::open(state_.folder()).value())
                  .put({"02:00:5e:10:00:08", "", "noah", "phone", false, ""}));
  {
    const std::scoped_lock lock(mutex_);
    neighbours_.push_back({address("10.20.1.8"), "02:00:5e:10:00:08", "", true});
  }
  EXPECT_TRUE(eventually([&] {
    const auto map = store_.current();
    const auto console = map->find(address("10.20.1.7")), phone = map->find(address("10.20.1.8"));
    return console != map->end() && console->second->device.name == "hall-console" && phone != map->end() &&
           phone->second->device.kind == "phone" && phone->second->device.owner == "noah";
  }));
}

TEST_F(Service, SessionsSurviveARestart) {
  EXPECT_TRUE(account(radius_start(1)));
  EXPECT_EQ(who("10.20.1.5"), "amelia.hughes");
  service_->stop();
  service_.reset();
  store_.publish(std::make_shared<const rules::PresenceMap>());
  open();
  EXPECT_EQ(who("10.20.1.5"), "amelia.hughes");
  EXPECT_TRUE(account(report(9, 2, "amelia.hughes", "ap-hall", "5F00-12")));
  EXPECT_EQ(who("10.20.1.5"), "");
}

TEST_F(Service, AnotherPersonUnderTheSameSessionIsAnother) {
  EXPECT_TRUE(account(report(1, 1, "amelia.hughes", "ap-hall", "5F00-12")));
  EXPECT_TRUE(account(report(2, 3, "noah", "ap-hall", "5F00-12")));
  EXPECT_EQ(who("10.20.1.5"), "noah");
  // A Stop for another machine under that id, as a second controller of the same name would send it, ends nothing.
  EXPECT_TRUE(account(RadiusPacket(3)
                          .number(40, 2)
                          .text(1, "ida")
                          .text(32, "ap-hall")
                          .text(44, "5F00-12")
                          .text(31, "02-00-5E-10-00-99")));
  EXPECT_EQ(who("10.20.1.5"), "noah");
}

TEST_F(Service, ALongSessionIdIsOneSession) {
  const std::string id(200, 'a');
  EXPECT_TRUE(account(report(1, 1, "amelia.hughes", "ap-hall", id + "1")));
  EXPECT_TRUE(account(report(2, 2, "amelia.hughes", "ap-hall", id + "2")));
  EXPECT_EQ(who("10.20.1.5"), "amelia.hughes");
  EXPECT_TRUE(account(report(3, 2, "amelia.hughes", "ap-hall", id + "1")));
  EXPECT_EQ(who("10.20.1.5"), "");
}

TEST_F(Service, ANameThatNoAccountCanHaveIsSaid) {
  EXPECT_TRUE(account(report(1, 1, "am\xC3\xA9lie", "ap-hall", "5F00-12")));
  EXPECT_TRUE(comes(Kind::refused, ""));
  EXPECT_EQ(who("10.20.1.5"), "");
}

TEST_F(Service, WhatWasToldBeforeARestartIsNotTakenAgain) {
  const LogonParameters call = logon("noah", "in");
  EXPECT_TRUE(service_->logon(call));
  EXPECT_TRUE(account(radius_start(1)));
  EXPECT_TRUE(account(report(2, 2, "amelia.hughes", "ap-hall", "5F00-12")));
  EXPECT_TRUE(service_->logon(logon("noah", "out")));
  service_->stop();
  service_.reset();
  store_.publish(std::make_shared<const rules::PresenceMap>());
  open();
  EXPECT_TRUE(account(radius_start(1))) << "answered, as a retransmission is";
  EXPECT_EQ(who("10.20.1.5"), "");
  EXPECT_EQ(service_->logon(call).error(), LogonRefusal::repeated);
  EXPECT_EQ(who("10.20.1.15"), "");
}

TEST_F(Service, RestoredSessionsAreAskedAboutTermsThatHaveChanged) {
  add({.user = "ida", .name = "Ida", .groups = {"year1"}, .no_password = true});
  EXPECT_EQ(service_->sign_in().with_name_only("ida", address("10.20.1.9")).kind, PortalAnswer::Kind::terms_due);
  EXPECT_EQ(service_->sign_in().accept_terms("built-in-1", address("10.20.1.9")).kind, PortalAnswer::Kind::signed_in);
  service_->stop();
  service_.reset();
  store_.publish(std::make_shared<const rules::PresenceMap>());
  open();
  EXPECT_FALSE(store_.current()->at(address("10.20.1.9"))->terms_due);
  service_.reset();
  store_.publish(std::make_shared<const rules::PresenceMap>());
  state_.write("pupil.md", "version: 2\nBe kind.\n");
  settings_.sign_in->terms = state_.folder();
  open();
  EXPECT_TRUE(store_.current()->at(address("10.20.1.9"))->terms_due);
}

TEST_F(Service, AChangeOfGroupsArrivesInASessionThatIsOpen) {
  add({.user = "amelia.hughes", .name = "Amelia Hughes", .groups = {"year5"}});
  EXPECT_TRUE(account(radius_start(1)));
  const auto has = [&](const std::string& group) {
    return eventually([&] {
      const auto presence = store_.current()->at(address("10.20.1.5"));
      return presence->person && presence->person->groups == std::vector<std::string>{group};
    });
  };
  EXPECT_TRUE(has("year5"));
  seconds_each_look_ = 5;
  ASSERT_TRUE(Accounts(*PeopleDatabase::open(state_.folder()).value())
                  .put({.user = "amelia.hughes", .name = "Amelia Hughes", .groups = {"year6"}}, "office", wall_now()));
  EXPECT_TRUE(has("year6"));
}

TEST_F(Service, SomebodyKnownAtTheProxyIsListedAndNobodyElseIsTakenForThem) {
  settings_.sources = {Source::negotiate};  // what leases and neighbours tell is published whenever it is read
  settings_.leases.clear();
  service_.reset();
  open();
  const rules::Person person{
      .user = "oak", .groups = {"staff"}, .confidence = rules::Confidence::login, .source = "negotiate"};
  service_->seen_at_proxy(person, address("10.20.8.1"), Source::negotiate);
  const auto generation = store_.generation();
  service_->seen_at_proxy(person, address("10.20.8.1"), Source::negotiate);
  EXPECT_EQ(store_.generation(), generation);
  EXPECT_EQ(who("10.20.8.1"), "");
  const auto listed = service_->sessions().list();
  ASSERT_EQ(listed.size(), 1u);
  EXPECT_EQ(listed[0].person.user, "oak");
  EXPECT_FALSE(listed[0].shown);
  service_->stop();
  service_.reset();
  open();
  EXPECT_TRUE(service_->sessions().list().empty()) << "a proof given on a connection outlives no restart";
}

// What ends it that an address is somebody: each is a sign that another person sits there.
TEST_F(Service, WhereTheAddressFollowsAnySignOfAnotherPersonEndsIt) {
  settings_.sources = {Source::negotiate, Source::basic, Source::logon, Source::sign_in};
  settings_.address_follows.networks = {*names::IpNetwork::parse("10.20.8.0/24")};
  service_.reset();
  open();
  const names::IpAddress desk = address("10.20.8.1");
  const auto proves = [&](std::string user, Source source) {
    service_->seen_at_proxy({.user = std::move(user),
                             .groups = {"staff"},
                             .confidence = rules::Confidence::login,
                             .source = source == Source::basic ? "basic" : "negotiate"},
                            desk, source);
  };
  proves("oak", Source::negotiate);
  EXPECT_EQ(who("10.20.8.1"), "oak");
  EXPECT_EQ(store_.current()->at(desk)->person->confidence, rules::Confidence::device);
  service_->seen_at_proxy({.user = "elm", .source = "negotiate"}, address("10.20.9.1"), Source::negotiate);
  EXPECT_EQ(who("10.20.9.1"), "") << "outside the networks";

  service_->refused_at_proxy(desk);
  EXPECT_EQ(who("10.20.8.1"), "") << "a refused credential";

  proves("oak", Source::negotiate);
  proves("amelia", Source::basic);
  EXPECT_EQ(who("10.20.8.1"), "amelia") << "another account, though its source is believed less";

  proves("oak", Source::negotiate);
  service_->sessions().signed_in({.address = desk,
                                  .person = {.user = "noah", .source = "sign-in"},
                                  .source = Source::sign_in,
                                  .mac = {},
                                  .session_id = {},
                                  .until = {}},
                                 moment_now());
  EXPECT_EQ(who("10.20.8.1"), "noah") << "a sign-in on the page";
  service_->sessions().sign_out(desk, Source::sign_in, SessionEnd::signed_out, moment_now());

  proves("oak", Source::negotiate);
  auto locked = logon("oak", "lock");
  locked.address = "10.20.8.1";
  locked.signature = LogonCalls::sign(kLogonSecret, locked);
  EXPECT_TRUE(service_->logon(locked));
  EXPECT_EQ(who("10.20.8.1"), "") << "a locked screen";

  proves("oak", Source::negotiate);
  Moment later = moment_now();
  later.steady += std::chrono::minutes(10);
  service_->sessions().tick(later);
  EXPECT_EQ(who("10.20.8.1"), "") << "its minutes are over";
}

TEST(IdentityServiceOpen, WhatIsWrongIsSaidBeforeAnythingStarts) {
  const test::ScratchState state;
  rules::PresenceStore store;
  IdentitySettings settings;
  settings.logon_secret_file = state.folder() / "absent";
  const auto opened = IdentityService::open(settings, state.folder(), store, {});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().fault, Fault::config);
}

}  // namespace
}  // namespace schoolgate::identity
