// A desk over a state folder of its own, and people who click through it without sockets.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <future>
#include <map>
#include <memory>
#include <regex>
#include <string>
#include <utility>
#include <vector>

#include "breaches/breach_log.h"
#include "casework/desk_store.h"
#include "casework/measures.h"
#include "console/console.h"
#include "identity/user_database.h"
#include "identity/users.h"
#include "web/form.h"

namespace schoolgate::console {

inline TimePoint at(std::string_view text) { return *from_rfc3339(text); }
inline constexpr std::string_view kPassword = "winter kettle orbit";

class StateFolder {
 public:
  StateFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "schoolgate-console-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~StateFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  StateFolder(const StateFolder&) = delete;
  StateFolder& operator=(const StateFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// What somebody's browser keeps: a cookie, and the token of the last page's forms.
struct Browser {
  std::string cookie, csrf;
  names::IpAddress address = *names::IpAddress::parse("192.0.2.10");
};

using Fields = std::vector<std::pair<std::string, std::string>>;

class DeskTest : public testing::Test {
 protected:
  DeskTest() {
    auto log = breaches::BreachLog::open({.folder = folder_.path(), .school = "Ashford Oaks", .gateway = "gw-1"});
    if (!log) throw std::runtime_error(log.error().text());
    log_ = std::move(*log);
    auto users = identity::UserDatabase::open(folder_.path());
    if (!users) throw std::runtime_error(users.error().text());
    users_ = std::move(*users);
  }

  /// After `parts()` was changed, if it was: the router is made at the first request.
  Console::Parts& parts() {
    if (!parts_) {
      parts_ = std::make_unique<Console::Parts>(Console::Parts{.school = "Ashford Oaks Primary School",
                                                               .gateway = "gw-1",
                                                               .state = folder_.path(),
                                                               .decisions = {},
                                                               .clock = nullptr,
                                                               .users = *users_,
                                                               .people = nullptr,
                                                               .sessions = nullptr,
                                                               .hooks = {},
                                                               .now = [this] { return now_; },
                                                               .secure = false});
      parts_->hooks.name_of = [](std::string_view user) {
        return user == "amelia.hughes" ? std::string("Amelia Hughes") : std::string();
      };
    }
    return *parts_;
  }
  Console& console() {
    if (!console_) {
      console_ = std::make_unique<Console>(parts());
      router_ = std::make_unique<web::Router>(console_->router());
    }
    return *console_;
  }

  void add_user(std::string_view user, identity::Role role) {
    const auto added = identity::Users(*users_).add(user, user, role, kPassword, now_);
    ASSERT_TRUE(added) << added.error().text();
  }

  web::Response ask(Browser& browser, web::Method method, std::string_view address, const Fields& fields = {}) {
    console();
    auto request = std::make_shared<web::Request>();
    request->method = method;
    const std::size_t mark = address.find('?');
    request->path = address.substr(0, mark);
    if (mark != std::string_view::npos) request->query = *web::Form::parse(address.substr(mark + 1));
    if (method == web::Method::post) request->form = *web::Form::parse(web::encode_query(fields));
    request->host = "desk.school.example:9443";
    request->peer = browser.address;
    request->headers = extra_headers_;
    request->received = now_;
    if (!browser.cookie.empty()) request->cookies = web::Cookies::parse("desk=" + browser.cookie);
    std::optional<web::Response> answer;
    router_->serve(request, [&](web::Response response) { answer = std::move(response); });
    if (!answer) throw std::runtime_error("no answer");
    static const std::regex kToken("name=\"csrf\" value=\"([^\"]+)\"");
    if (std::smatch found; std::regex_search(answer->body, found, kToken)) browser.csrf = found[1];
    const std::string set(answer->header("set-cookie"));
    if (set.starts_with("desk=")) browser.cookie = set.substr(5, set.find(';') - 5);
    return std::move(*answer);
  }
  web::Response get(Browser& browser, std::string_view address) { return ask(browser, web::Method::get, address); }
  /// A form of the page that was last shown.
  web::Response post(Browser& browser, std::string_view address, Fields fields = {}) {
    fields.emplace_back("csrf", browser.csrf);
    return ask(browser, web::Method::post, address, fields);
  }
  static std::string location(const web::Response& response) { return std::string(response.header("location")); }

  /// Where a form led to, without the token of its confirmation.
  static std::string path_of(const web::Response& response) {
    const std::string to = location(response);
    const std::size_t token = to.find("done=");
    return token == std::string::npos ? to : to.substr(0, token - 1);
  }
  /// The page that a form led to, with its confirmation.
  std::string told(Browser& browser, const web::Response& response) {
    EXPECT_EQ(response.status, 303) << response.body;
    return get(browser, location(response)).body;
  }

  Browser sign_in(std::string_view user) {
    Browser browser;
    get(browser, "/sign-in");
    const web::Response answer =
        post(browser, "/sign-in", {{"user", std::string(user)}, {"password", std::string(kPassword)}});
    EXPECT_EQ(answer.status, 303) << answer.body;
    get(browser, "/");
    return browser;
  }

  static breaches::Breach a_breach(TimePoint time, std::string person = "amelia.hughes",
                                   std::string site = "lucky-spins.example") {
    breaches::Breach breach;
    breach.id = Uuid::v7(time);
    breach.time = time;
    breach.group = "ks2";
    if (!person.empty()) breach.person = std::move(person);
    breach.confidence = breach.person ? "login" : "network";
    breach.device = "10.20.2.7";
    breach.action = "block";
    breach.url = "http://" + site + "/wheel?pupil=jo";
    breach.site = std::move(site);
    breach.method = "GET";
    breach.stage = "request";
    breach.initiated = breaches::Initiated::user;
    breach.reason.tier = "category";
    breach.reason.list = "ut1-gambling";
    breach.reason.category = "gambling";
    breach.reason.entry = "lucky-spins.example";
    breach.reason.source = "lists/gambling";
    breach.reason.policy_version = "v1";
    breach.reason.theme = "gambling";
    breach.reason.urgency = 2;
    return breach;
  }

  /// Durable, and its episode's sums are stored: the log is closed and opened again.
  void record(std::vector<breaches::Breach> breaches) {
    for (breaches::Breach& breach : breaches) {
      std::promise<breaches::Receipt> told;
      log_->append(std::move(breach), [&](breaches::Receipt receipt) { told.set_value(receipt); });
      ASSERT_TRUE(told.get_future().get().durable);
    }
    log_.reset();
    auto log = breaches::BreachLog::open({.folder = folder_.path(), .school = "Ashford Oaks", .gateway = "gw-1"});
    ASSERT_TRUE(log) << log.error().text();
    log_ = std::move(*log);
  }

  /// The path of the first link to an episode on the list of all.
  std::string first_episode(Browser& browser) {
    const std::string page = get(browser, "/episodes").body;
    static const std::regex kLink("href=\"(/episodes/[0-9a-f-]{36})\"");
    std::smatch found;
    if (!std::regex_search(page, found, kLink)) throw std::runtime_error("no episode on the page: " + page);
    return found[1];
  }

  StateFolder folder_;
  TimePoint now_ = at("2026-11-23T10:00:00Z");
  std::unique_ptr<breaches::BreachLog> log_;
  std::unique_ptr<identity::UserDatabase> users_;
  std::unique_ptr<Console::Parts> parts_;
  std::unique_ptr<Console> console_;
  std::unique_ptr<web::Router> router_;
  std::vector<std::pair<std::string, std::string>> extra_headers_;
};

}  // namespace schoolgate::console
