#include "portal/portal.h"

#include <gtest/gtest.h>

#include <future>

#include "identity/classes.h"
#include "identity/identity_service.h"
#include "identity/password.h"
#include "identity/visits.h"
#include "portal/pictures.h"
#include "tests/identity/scratch_state.h"
#include "web/csrf.h"
#include "web/json.h"
#include "web/text.h"

namespace schoolgate::portal {
namespace {

using identity::test::address;
using identity::test::day_at;
using identity::test::moment_at;
using web::Form;
using web::Method;
using web::Request;
using web::Response;
using Fields = std::vector<std::pair<std::string, std::string>>;

constexpr const char* kPassword = "correct horse 7";

class PortalTest : public testing::Test {
 protected:
  PortalTest() {
    identity::IdentitySettings settings;
    settings.sources = {identity::Source::sign_in, identity::Source::logon};
    settings.logon_secret_file = state_.write("logon.secret", std::string(kLogonSecret) + "\n");
    settings.sessions.end_of_day_minute = 16 * 60;
    settings.sign_in.emplace();
    settings.sign_in->networks = {*names::IpNetwork::parse("10.20.0.0/16")};
    auto opened =
        identity::IdentityService::open(settings, state_.folder(), presences_,
                                        {.now = [this] { return moment_at(now_); }, .on_event = [](const auto&) {}});
    if (!opened) throw std::runtime_error(opened.error().text());
    identity_ = std::move(*opened);
    const auto hash = identity::hash_password(kPassword);
    put({.user = "amelia.hughes", .name = "Amelia Hughes", .groups = {"ks2"}, .password_hash = *hash});
    put({.user = "mr.patel", .name = "Mr Patel", .role = identity::PersonRole::staff, .password_hash = *hash});
    put({.user = "leo", .name = "Leo B", .groups = {"wrens"}, .no_password = true});
    put({.user = "ada", .name = "Ada K", .groups = {"wrens"}, .no_password = true});
    EXPECT_TRUE(identity::Classes(identity_->people())
                    .put({.code = "robins", .title = "Robins", .picture = "owl", .group = "robins"}));
    EXPECT_TRUE(identity::Classes(identity_->people())
                    .put({.code = "wrens", .title = "Wrens", .picture = "fox", .group = "wrens"}));
    build({});
  }

  void put(const identity::Account& account) {
    const auto done = identity::Accounts(identity_->people()).put(account, "test", now_);
    EXPECT_TRUE(done) << (done ? "" : done.error().text());
  }

  /// The portal with other parts than by default.
  void build(const std::function<void(Portal::Parts&)>& change) {
    Portal::Parts parts{.school = "Ashford Oaks",
                        .sign_in = identity_->sign_in(),
                        .people = identity_->people(),
                        .sessions = identity_->sessions(),
                        .logon = [this](const auto& parameters) { return identity_->logon(parameters); },
                        .networks = {*names::IpNetwork::parse("10.20.0.0/16")},
                        .secret = std::string(32, 's'),
                        .now = [this] { return now_; }};
    if (change) change(parts);
    portal_ = std::make_unique<Portal>(std::move(parts));
    router_ = portal_->router();
  }

  Response ask(Method method, const std::string& target, const Fields& fields = {}, bool tls = true) {
    auto request = std::make_shared<Request>();
    request->method = method;
    request->path = target.substr(0, target.find('?'));
    if (target.contains('?')) request->query = *Form::parse(target.substr(target.find('?') + 1));
    request->form = *Form::parse(web::encode_query(fields));
    request->host = "signin.school.example";
    request->tls = tls;
    request->peer = device_;
    request->received = now_;
    std::promise<Response> answered;
    router_.serve(request, [&](Response response) { answered.set_value(std::move(response)); });
    return answered.get_future().get();
  }
  Response get(const std::string& target) { return ask(Method::get, target); }
  /// With the form token that a page would have had.
  Response post(const std::string& target, Fields fields, bool tls = true) {
    fields.emplace_back("csrf", web::make_csrf_token(web::Tokens(std::string(32, 's')), device_.text(), now_));
    return ask(Method::post, target, fields, tls);
  }
  Response sign_in(const std::string& user, const std::string& password, const std::string& to = {}) {
    Fields fields = {{"user", user}, {"password", password}};
    if (!to.empty()) fields.emplace_back("to", to);
    return post("/sign-in", fields);
  }
  Response accept() {
    const auto status = identity_->sign_in().status(device_);
    EXPECT_NE(status.terms, nullptr);
    return post("/terms", {{"answer", "yes"}, {"version", status.terms ? status.terms->version : ""}});
  }
  std::string user_here() const {
    const auto presence = identity_->sessions().find(device_);
    return presence && presence->person ? presence->person->user : "";
  }

  static constexpr std::string_view kLogonSecret = "a secret for the logon scripts";
  identity::test::ScratchState state_;
  rules::PresenceStore presences_;
  TimePoint now_ = day_at(9);
  names::IpAddress device_ = address("10.20.1.15");
  std::unique_ptr<identity::IdentityService> identity_;
  std::unique_ptr<Portal> portal_;
  web::Router router_;
};

TEST_F(PortalTest, AStrangerIsAskedToSignIn) {
  const Response page = get("/");
  EXPECT_EQ(page.status, 200);
  EXPECT_NE(page.body.find("Sign in to use the internet"), std::string::npos);
  EXPECT_NE(page.body.find("Ashford Oaks"), std::string::npos);
  EXPECT_NE(page.body.find("name=\"password\""), std::string::npos);
  EXPECT_NE(page.body.find("filtered and monitored"), std::string::npos);
}

TEST_F(PortalTest, AChildSignsInAcceptsTheRulesAndIsIn) {
  const Response in = sign_in("Amelia.Hughes", kPassword, "https://maths.example/page?x=1");
  EXPECT_EQ(in.status, 303);
  EXPECT_EQ(in.header("Location"), "/terms?to=https%3A%2F%2Fmaths.example%2Fpage%3Fx%3D1");
  const Response rules = get("/terms?to=https%3A%2F%2Fmaths.example%2F");
  EXPECT_NE(rules.body.find("Our rules for the internet"), std::string::npos);
  EXPECT_NE(rules.body.find("The school can see which pages you open"), std::string::npos);
  EXPECT_EQ(get("/").header("Location"), "/terms");  // no way around them
  EXPECT_EQ(accept().header("Location"), "/");
  const Response home = get("/?to=https%3A%2F%2Fmaths.example%2Fpage%3Fx%3D1");
  EXPECT_NE(home.body.find("You are signed in"), std::string::npos);
  EXPECT_NE(home.body.find("Amelia Hughes"), std::string::npos);
  EXPECT_NE(home.body.find("until 16:00"), std::string::npos);
  EXPECT_NE(home.body.find("<strong class=\"app-break-anywhere\">maths.example</strong>"), std::string::npos);
  EXPECT_NE(home.body.find("href=\"https://maths.example/page?x=1\""), std::string::npos);
  EXPECT_EQ(user_here(), "amelia.hughes");
  EXPECT_EQ(post("/sign-out", {}).header("Location"), "/");
  EXPECT_EQ(user_here(), "");
}

TEST_F(PortalTest, WhoDoesNotAcceptIsNotIn) {
  ASSERT_EQ(sign_in("amelia.hughes", kPassword).status, 303);
  const Response declined = post("/terms", {{"answer", "no"}});
  EXPECT_NE(declined.body.find("the internet stays closed"), std::string::npos);
  EXPECT_EQ(user_here(), "");
}

TEST_F(PortalTest, AWrongPasswordIsToldWithoutSayingWhichPartIsWrong) {
  const Response wrong = sign_in("amelia.hughes", "guess"), unknown = sign_in("nobody.here", "guess");
  EXPECT_EQ(wrong.status, 403);
  EXPECT_EQ(unknown.status, 403);
  EXPECT_NE(wrong.body.find("value=\"amelia.hughes\""), std::string::npos);  // the name need not be typed again
  EXPECT_EQ(wrong.body.find("guess"), std::string::npos);
  const auto sentence = [](const std::string& body) {
    const std::size_t from = body.find("href=\"#user\">");
    return body.substr(from, body.find("</a>", from) - from);
  };
  EXPECT_EQ(sentence(wrong.body), sentence(unknown.body));
}

TEST_F(PortalTest, WhoGuessesTooOftenWaits) {
  Response last;
  for (int i = 0; i < 30 && last.status != 429; ++i) last = sign_in("amelia.hughes", "guess " + std::to_string(i));
  EXPECT_EQ(last.status, 429);
  EXPECT_FALSE(last.header("Retry-After").empty());
  EXPECT_NE(last.body.find("Please wait a little"), std::string::npos);
  EXPECT_EQ(sign_in("amelia.hughes", kPassword).status, 429);  // the right one waits too
}

TEST_F(PortalTest, AClassFindsItsPicture) {
  const Response list = get("/class");
  EXPECT_NE(list.body.find("href=\"/class/robins\""), std::string::npos);
  const Response choice = get("/class/robins");
  for (const Picture& picture : pictures())
    EXPECT_NE(choice.body.find("value=\"" + std::string(picture.id) + '"'), std::string::npos);
  const Response wrong = post("/class/robins", {{"picture", "bee"}});
  EXPECT_EQ(wrong.status, 403);
  EXPECT_NE(wrong.body.find("Try again"), std::string::npos);
  EXPECT_NE(wrong.body.find("value=\"owl\""), std::string::npos);
  EXPECT_EQ(post("/class/robins", {{"picture", "owl"}}).header("Location"), "/terms");
  EXPECT_EQ(user_here(), "class:robins");
  EXPECT_EQ(get("/class/eagles").status, 404);
}

TEST_F(PortalTest, YearOneChoosesItsNameAfterThePicture) {
  EXPECT_EQ(get("/who").header("Location"), "/");  // names are not for strangers
  EXPECT_EQ(post("/class/wrens", {{"picture", "fox"}}).header("Location"), "/who");
  const Response names = get("/who");
  EXPECT_NE(names.body.find("Leo B"), std::string::npos);
  EXPECT_EQ(names.body.find("Amelia"), std::string::npos);
  EXPECT_EQ(post("/who", {{"user", "amelia.hughes"}}).header("Location"), "/who");  // not of this list
  EXPECT_EQ(post("/who", {{"user", "leo"}}).header("Location"), "/terms");
  EXPECT_EQ(user_here(), "leo");
  EXPECT_EQ(identity_->sessions().find(device_)->person->confidence, rules::Confidence::class_login);
}

TEST_F(PortalTest, ANameWithoutPasswordIsTakenOnlyFromThoseThatHaveNone) {
  EXPECT_EQ(sign_in("leo", "").status, 303);
  EXPECT_EQ(user_here(), "leo");
  post("/sign-out", {});
  EXPECT_EQ(sign_in("amelia.hughes", "").status, 403);
  EXPECT_EQ(user_here(), "");
}

TEST_F(PortalTest, AVisitorIsLetInForAnAfternoonAndOutAgain) {
  const Response in =
      post("/visitor", {{"name", "Pat Lee"}, {"host", "Office"}, {"purpose", "Printer"}, {"hours", "2"}});
  EXPECT_EQ(in.header("Location"), "/terms") << in.body;
  EXPECT_EQ(accept().header("Location"), "/");
  EXPECT_NE(get("/").body.find("Pat Lee"), std::string::npos);
  const auto visits = identity::Visits(identity_->people()).all();
  ASSERT_TRUE(visits);
  ASSERT_EQ(visits->size(), 1u);
  EXPECT_EQ(visits->front().host, "Office");
  EXPECT_EQ(visits->front().until, now_ + std::chrono::hours(2));
  now_ += std::chrono::hours(3);
  identity_->sessions().tick(moment_at(now_));
  EXPECT_EQ(user_here(), "");
}

TEST_F(PortalTest, AVisitorsFormIsCheckedAndKeepsWhatWasWritten) {
  const Response page = post("/visitor", {{"name", "<b>Pat</b>"}, {"host", ""}, {"purpose", "x"}, {"hours", "2"}});
  EXPECT_EQ(page.status, 422);
  EXPECT_NE(page.body.find("value=\"&lt;b&gt;Pat&lt;/b&gt;\""), std::string::npos);
  EXPECT_EQ(page.body.find("<b>Pat"), std::string::npos);
  EXPECT_EQ(post("/visitor", {{"name", "a"}, {"host", "b"}, {"purpose", "c"}, {"hours", "99"}}).status, 422);
  EXPECT_EQ(post("/visitor", {{"name", std::string(101, 'x')}, {"host", "b"}, {"purpose", "c"}, {"hours", "1"}}).status,
            422);
  EXPECT_TRUE(identity::Visits(identity_->people()).all()->empty());
}

TEST_F(PortalTest, AVisitorsCodeIsTaken) {
  const auto visit =
      identity::Visits(identity_->people())
          .add({.name = "Sam", .host = "Head", .purpose = "Talk", .from = now_, .until = now_ + std::chrono::hours(4)},
               true, "mr.patel", now_);
  ASSERT_TRUE(visit);
  EXPECT_EQ(post("/visitor", {{"code", "wrong123"}}).status, 403);
  EXPECT_EQ(post("/visitor", {{"code", visit->code}}).header("Location"), "/terms");
  EXPECT_EQ(user_here(), visit->user());
}

TEST_F(PortalTest, FormsOfOtherPagesAndOtherDevicesAreRefused) {
  EXPECT_EQ(ask(Method::post, "/sign-in", {{"user", "leo"}, {"password", ""}}).status, 403);
  const std::string theirs = web::make_csrf_token(web::Tokens(std::string(32, 's')), "10.20.1.99", now_);
  EXPECT_EQ(ask(Method::post, "/sign-in", {{"user", "leo"}, {"password", ""}, {"csrf", theirs}}).status, 403);
  const std::string old =
      web::make_csrf_token(web::Tokens(std::string(32, 's')), device_.text(), now_ - std::chrono::hours(13));
  const Response late = ask(Method::post, "/sign-in", {{"user", "leo"}, {"password", ""}, {"csrf", old}});
  EXPECT_EQ(late.status, 403);
  EXPECT_NE(late.body.find("open for too long"), std::string::npos);
  EXPECT_EQ(user_here(), "");
}

TEST_F(PortalTest, TheWayBackIsAWebAddressOrNothing) {
  ASSERT_EQ(sign_in("leo", "").status, 303);
  ASSERT_EQ(accept().status, 303);
  for (const char* bad : {"javascript:alert(1)", "//evil.example", "data:text/html,x", "https://a@evil.example/"}) {
    const Response page = get("/?to=" + web::percent_encode(bad));
    EXPECT_EQ(page.status, 200);
    EXPECT_EQ(page.body.find("Go on"), std::string::npos) << bad;
    EXPECT_EQ(page.body.find("javascript"), std::string::npos) << bad;
  }
  EXPECT_EQ(get("/?to=https%3A%2F%2Fx.example%2F").header("Location"), "");  // a button, never a redirect
}

TEST_F(PortalTest, WhereThereIsTlsPagesInClearLeadToIt) {
  build([](Portal::Parts& parts) { parts.tls_authority = "signin.school.example:8444"; });
  EXPECT_EQ(ask(Method::get, "/class?to=x", {}, false).header("Location"),
            "https://signin.school.example:8444/class?to=x");
  EXPECT_EQ(post("/sign-in", {{"user", "leo"}, {"password", ""}}, false).status, 403);
  EXPECT_EQ(user_here(), "");
  EXPECT_EQ(get("/").status, 200);
}

TEST_F(PortalTest, PasswordsInClearAreTakenOnlyWhereTheSettingsSaySo) {
  EXPECT_EQ(ask(Method::get, "/", {}, false).body.find("name=\"password\""), std::string::npos);
  EXPECT_EQ(post("/sign-in", {{"user", "amelia.hughes"}, {"password", kPassword}}, false).status, 422);
  EXPECT_EQ(user_here(), "");
  build([](Portal::Parts& parts) { parts.clear_networks = {*names::IpNetwork::parse("10.20.1.0/24")}; });
  EXPECT_EQ(post("/sign-in", {{"user", "amelia.hughes"}, {"password", kPassword}}, false).status, 303);
  EXPECT_EQ(user_here(), "amelia.hughes");
}

TEST_F(PortalTest, SignedLogonCallsAreTakenOthersNot) {
  identity::LogonParameters call{.user = "amelia.hughes",
                                 .address = "10.20.1.40",
                                 .event = "in",
                                 .time = std::to_string(now_.time_since_epoch().count() / 1000),
                                 .signature = {}};
  call.signature = identity::LogonCalls::sign(kLogonSecret, call);
  const auto fields = [&] {
    return Fields{{"user", call.user},
                  {"address", call.address},
                  {"event", call.event},
                  {"time", call.time},
                  {"signature", call.signature}};
  };
  EXPECT_EQ(ask(Method::post, "/logon", fields()).status, 200);
  ASSERT_TRUE(identity_->sessions().find(address("10.20.1.40")));
  EXPECT_EQ(ask(Method::post, "/logon", fields()).status, 403);  // once only
  call.user = "mr.patel";
  EXPECT_EQ(ask(Method::post, "/logon", fields()).status, 403);  // forged
  EXPECT_EQ(ask(Method::post, "/logon", {{"user", "x"}}).status, 400);
  build([](Portal::Parts& parts) { parts.logon = nullptr; });
  EXPECT_EQ(ask(Method::post, "/logon", fields()).status, 404);
}

TEST_F(PortalTest, TheCaptivePortalApiTellsTheTruth) {
  build([](Portal::Parts& parts) { parts.tls_authority = "signin.school.example"; });
  const auto state = [&] {
    const Response answer = get("/captive-portal/api");
    EXPECT_EQ(answer.header("Content-Type"), "application/captive+json");
    const auto json = web::JsonValue::parse(answer.body);
    EXPECT_TRUE(json) << answer.body;
    return *json;
  };
  EXPECT_EQ(state().find("captive")->as_flag(), true);
  EXPECT_EQ(state().text("user-portal-url"), "https://signin.school.example/");
  ASSERT_EQ(sign_in("leo", "").status, 303);
  EXPECT_EQ(state().find("captive")->as_flag(), true);  // the terms are still due
  ASSERT_EQ(accept().status, 303);
  EXPECT_EQ(state().find("captive")->as_flag(), false);
  EXPECT_EQ(state().find("seconds-remaining")->as_integer(), 7 * 3600);
  device_ = address("192.0.2.5");  // a network where nobody must sign in
  EXPECT_EQ(state().find("captive")->as_flag(), false);
}

TEST_F(PortalTest, HostileFieldsAreEscapedOrRefused) {
  const std::string long_name(5000, 'x');
  EXPECT_EQ(sign_in(long_name, "x").status, 422);
  EXPECT_EQ(sign_in("amelia.hughes", std::string(5000, 'x')).status, 422);
  const Response page = sign_in("\"><script>alert(1)</script>", "x");
  EXPECT_EQ(page.body.find("<script>alert"), std::string::npos);
  EXPECT_EQ(sign_in("*)(uid=*", "x").status, 403);
  EXPECT_EQ(user_here(), "");
}

TEST_F(PortalTest, NoPageNeedsAScriptOrAnotherHost) {
  for (const char* path : {"/", "/class", "/class/robins", "/visitor"}) {
    const Response page = get(path);
    EXPECT_EQ(page.status, 200) << path;
    EXPECT_EQ(page.body.find("://"), std::string::npos) << path;
    EXPECT_EQ(page.body.find(" style="), std::string::npos) << path;
    EXPECT_EQ(page.body.find("<script>"), std::string::npos) << path;
  }
}

}  // namespace
}  // namespace schoolgate::portal
