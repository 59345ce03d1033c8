// What all page groups share: who is signed in and what they may see, templates, the stores, and the way in which a
// page is registered so that none can forget its guard.
//
// Made and owned by Console. Any thread of the web server's pool.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/local_time.h"
#include "casework/viewer.h"
#include "console/confirmations.h"
#include "console/console.h"
#include "console/kept_forms.h"
#include "console/last_lists.h"
#include "console/permissions.h"
#include "console/stores.h"
#include "identity/desk_sign_in.h"
#include "web/rate_limit.h"
#include "web/response.h"
#include "web/router.h"
#include "web/templates.h"
#include "web/tokens.h"
#include "web/view.h"

namespace schoolgate::console {

/// One request of a signed-in user. Lives as long as its handler.
struct Visit {
  const web::Request& request;
  identity::DeskSession session;
  std::string token;  ///< of the cookie
  Area area;
  Sight sight;
  bool may_change;
  casework::Viewer viewer;
  Stores& stores;
  TimePoint now;
};

class Desk {
 public:
  explicit Desk(Console::Parts parts);

  using Page = std::function<web::Response(const Visit&)>;
  /// A page of an area: only who may see it gets to `page`, only who may change it to one that is posted, and only with
  /// a form of their own session.
  void get(web::Router& router, Area area, std::string pattern, Page page);
  void post(web::Router& router, Area area, std::string pattern, Page page);
  /// A page for everybody. Its forms carry open_csrf().
  void open_get(web::Router& router, std::string pattern, web::Handler page);
  void open_post(web::Router& router, std::string pattern, web::Handler page);

  /// The page `name` in the desk's layout: with navigation, form token and what done() keeps for it.
  [[nodiscard]] web::Response show(const Visit& visit, std::string_view name, web::View view, int status = 200) const;
  /// The same without a session.
  [[nodiscard]] web::Response show_open(const web::Request& request, std::string_view name, web::View view,
                                        int status = 200) const;
  /// Puts the version of the record `about` into the page's forms. When the request was a form of an older version,
  /// what came meanwhile is listed on the page: true. The page should then be a 409 and keep what was typed.
  [[nodiscard]] Result<bool> set_version(const Visit& visit, std::string_view about, web::View& view) const;
  /// To the page at `path`, where this session is told once what was done, and to whom. Only after it was done.
  [[nodiscard]] web::Response done(const Visit& visit, std::string_view path, std::string text) const;
  /// The same without a session.
  [[nodiscard]] web::Response done_openly(std::string_view path, std::string text) const;

  /// What went wrong, as a page of the status that the fault asks for.
  [[nodiscard]] web::Response failed(const Visit& visit, const Error& error) const;
  [[nodiscard]] web::Response not_found(const Visit& visit) const;
  [[nodiscard]] web::Response error_page(const web::Request& request, int status, std::string_view text) const;

  /// The session of the cookie, when there is one.
  [[nodiscard]] std::optional<identity::DeskSession> session_of(const web::Request& request) const;
  void set_session_cookie(web::Response& response, std::string token) const;
  void end_session_cookie(web::Response& response) const;

  [[nodiscard]] const Console::Parts& parts() const noexcept { return parts_; }
  [[nodiscard]] const Hooks& hooks() const noexcept { return parts_.hooks; }
  [[nodiscard]] const LocalClock& clock() const noexcept { return clock_; }
  [[nodiscard]] TimePoint now() const { return parts_.now(); }
  /// Of the policy in force, at most a few seconds old: a list of episodes asks for each row's group. Never null.
  [[nodiscard]] std::shared_ptr<const PolicyFacts> policy() const;
  /// Protected or not, at most a few seconds old. Null where the gateway does not tell.
  [[nodiscard]] std::shared_ptr<const rules::Protection> protection() const;
  /// What ends soon, at most a few seconds old. Never null.
  [[nodiscard]] std::shared_ptr<const std::vector<NearEnd>> near_ends() const;
  /// What an account typed when its session was over.
  [[nodiscard]] Result<std::optional<casework::Draft>> kept_form(const Visit& visit, std::string_view token) const;
  /// The list of episodes that each session saw last.
  [[nodiscard]] LastLists& last_lists() const noexcept { return last_lists_; }
  [[nodiscard]] const web::Tokens& tokens() const noexcept { return tokens_; }
  [[nodiscard]] StorePool& pool() noexcept { return pool_; }
  [[nodiscard]] const std::vector<Console::Page>& pages() const noexcept { return pages_; }
  void forget_pages() { pages_.clear(); }

  /// "Amelia Hughes (amelia.hughes)"; the account alone when no name is known; empty for no person.
  [[nodiscard]] std::string person_words(std::string_view user) const;
  [[nodiscard]] std::string group_words(std::string_view group) const;
  /// Titles in the place of ids: for tables.
  void name_groups(std::vector<casework::NamedCount>& groups) const;
  /// "today 09:31", "yesterday 14:02", "Tue 17 November 2026, 09:31".
  [[nodiscard]] std::string when(TimePoint time) const;
  /// The same for a column: "Tue 17 Nov 09:31", with the year when it is another one.
  [[nodiscard]] std::string when_brief(TimePoint time) const;

 private:
  [[nodiscard]] std::string today_or_yesterday(TimePoint time) const;
  [[nodiscard]] web::Response serve(const web::Request& request, Area area, bool post, const Page& page);
  void set_confirmation(web::View& view, const web::Request& request, std::string_view session) const;
  void set_frame(web::View& view, const web::Request& request, const identity::DeskSession* session) const;
  [[nodiscard]] web::Response to_sign_in(const web::Request& request);
  [[nodiscard]] std::string keep_typed(const web::Request& request, std::string_view user);

  Console::Parts parts_;
  LocalClock clock_;
  web::Templates templates_;
  web::Tokens tokens_;
  StorePool pool_;
  std::vector<Console::Page> pages_;
  mutable Confirmations confirmations_;
  mutable LastLists last_lists_;
  mutable std::mutex policy_mutex_;
  mutable std::shared_ptr<const PolicyFacts> policy_;
  mutable std::chrono::steady_clock::time_point policy_read_{};
  mutable std::mutex protection_mutex_;
  mutable std::shared_ptr<const rules::Protection> protection_;
  mutable std::chrono::steady_clock::time_point protection_read_{};
  mutable std::mutex near_ends_mutex_;
  mutable std::shared_ptr<const std::vector<NearEnd>> near_ends_;
  mutable std::chrono::steady_clock::time_point near_ends_read_{};
};

/// The desk's role as casework/ names it.
[[nodiscard]] casework::Viewer viewer_of(const identity::DeskSession& session);
/// The version of the record on the page that the form was on; nullopt when the form carries none.
[[nodiscard]] std::optional<std::uint64_t> seen_version(const web::Form& form);
/// What was typed into the form that failed, as {{typed.name}}.
void set_typed(web::View& view, const web::Form& form);

// The page groups, one file each.
void add_sign_in_pages(Desk& desk, web::Router& router);
void add_account_pages(Desk& desk, web::Router& router);
void add_home_pages(Desk& desk, web::Router& router);
void add_episode_pages(Desk& desk, web::Router& router);
void add_incident_pages(Desk& desk, web::Router& router);
void add_measure_pages(Desk& desk, web::Router& router);
void add_page_report_pages(Desk& desk, web::Router& router);
void add_report_pages(Desk& desk, web::Router& router);
void add_check_pages(Desk& desk, web::Router& router);
void add_register_pages(Desk& desk, web::Router& router);
void add_privacy_pages(Desk& desk, web::Router& router);
void add_user_pages(Desk& desk, web::Router& router);
void add_checklist_pages(Desk& desk, web::Router& router);

}  // namespace schoolgate::console
