// The desk: pages for the safeguarding lead and the others who answer for the filter. The composition root gives it
// what it reads and the few things it may cause; it gives a web::Router for the console's listener.
//
// Server-rendered HTML that works without JavaScript. Handlers run on the web server's pool, several at once, never on
// a worker: they wait for disks. A Console outlives the server that serves its router.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "casework/alerts/alert_text.h"
#include "casework/checks_log.h"
#include "casework/pink_slip.h"
#include "casework/reports.h"
#include "changes/change_control.h"
#include "console/permissions.h"
#include "identity/people_database.h"
#include "identity/session_book.h"
#include "identity/user_database.h"
#include "rules/measures.h"
#include "rules/protection.h"
#include "rules/site_clock.h"
#include "rules/snapshot.h"
#include "web/router.h"

namespace schoolgate::console {

/// A list as the pages show it.
struct ListAge {
  std::string name, category;
  std::uint64_t entries = 0;
  std::optional<TimePoint> updated;
  std::string state;  ///< "fresh", or what is wrong with it
  std::string licence;
};

/// Something that this installation cannot see or do, and what it takes to change that.
struct Limit {
  std::string what;     ///< "Inside encrypted connections of unmanaged tablets"
  std::string because;  ///< the setting that it comes from, in words
  std::string instead;  ///< what the school does about it; may be empty
};

struct GroupFact {
  std::string id, title;
};

/// What the policy in force says, for fields and for the inspection pack.
struct PolicyFacts {
  std::string version;
  std::vector<GroupFact> groups;
  std::vector<std::pair<std::string, std::string>> in_words;  ///< group; what it may reach
  std::vector<std::string> session_lists;  ///< lists of sites by name, for supervised sessions and exams
  std::vector<std::pair<std::string, std::string>> approvals;  ///< rule; approved by, until when
};

/// What ends on a date within 60 days, or has ended: the authority, a certificate, a licence.
struct NearEnd {
  std::string what;
  std::string day;  ///< "2027-08-31", the last one
  bool is_over = false;
  std::string next;  ///< what is to be done about it
};

/// A self-test that was started at the desk.
struct SelfTest {
  bool running = false;
  std::string by;  ///< account; empty: none was started since the gateway was
  TimePoint at{};
  std::string failure;  ///< why it has no outcome in the log of checks; else empty
};

/// What is asked of, or caused in, the rest of the gateway. Each may be empty: then the page says that it is not there.
/// What the policy in force says of a site that a measure names.
struct SiteFacts {
  std::string host;  ///< canonical; empty: the text is no site
  bool has_path = false;
  bool public_suffix = false;  ///< "co.uk", "com"
  bool help = false;           ///< a place of help, which is never blocked otherwise
  bool path_unseen = false;    ///< HTTPS is not opened, so that a path there is not seen
  struct OnList {
    std::string id, title;
    int urgency = 1;
    bool illegal = false;
  };
  std::vector<OnList> categories;
};

/// What a change would have decided otherwise, as far as it is known.
struct ReplayOfChange {
  enum class State : std::uint8_t { none, running, done, failed } state = State::none;
  std::string text;  ///< done: the JSON object of `schoolgate replay --json`; failed: why
  TimePoint at{};
};

struct Hooks {
  /// Empty: nothing is known of sites, and measures are opened without brakes.
  std::function<SiteFacts(std::string_view site)> site_facts;
  /// Keeps the measure and has it in force on every worker when it returns; gives its id.
  std::function<Result<std::string>(rules::Measure)> open_measure;
  std::function<Result<void>(std::string_view id, std::string_view by, std::string_view why)> close_measure;
  std::function<PolicyFacts()> policy;
  /// Protected or not, by group and category, now.
  std::function<rules::Protection()> protection;
  std::function<std::vector<Limit>()> what_cannot_be_seen;
  std::function<std::vector<ListAge>()> list_ages;
  /// Begins to try the filter and returns; the outcome comes into the log of checks. Fault client: it is being tried.
  std::function<Result<void>(std::string_view by)> run_self_test;
  /// The one that runs, or ran last.
  std::function<SelfTest()> self_test;
  /// What is wrong with the gateway's clock, in words for a technician; empty while it is believed.
  std::function<std::string()> clock_doubt;
  /// Soonest first.
  std::function<std::vector<NearEnd>()> near_ends;
  /// Whether an address is on a sealed list, for what people report.
  std::function<bool(std::string_view address)> is_sealed;
  /// How people write a person's name; empty when it is not known.
  std::function<std::string(std::string_view user)> name_of;
  /// Whether the configuration in force names a case system; empty: it does where hand_over is there.
  std::function<bool()> has_case_system;
  /// Hands a slip to the school's case system; says where it went.
  std::function<Result<std::string>(const casework::PinkSlip& slip)> hand_over;
  /// The policy in force, measures and all; and as its files say it. Empty: pages about the filter are not there.
  std::function<std::shared_ptr<const rules::PolicySnapshot>()> snapshot;
  std::function<rules::PolicySpec()> spec;
  /// Whether connections can be opened at all.
  std::function<bool()> opens;
  /// The last week judged again with change `number`; begun by start_replay, which returns at once. Fault client:
  /// another one runs.
  std::function<ReplayOfChange(std::uint64_t number)> replay_of;
  std::function<Result<void>(const changes::Proposal& proposal)> start_replay;
  /// One line each: what was changed in the configuration, newest first.
  std::function<std::vector<std::string>()> changes;
};

class Desk;

class Console {
 public:
  struct Parts {
    std::string school, gateway;
    std::filesystem::path state;              ///< breaches.db, desk.db and so on
    std::filesystem::path decisions;          ///< file of the decision log; empty: none is kept
    const rules::SiteClock* clock = nullptr;  ///< null: UTC
    identity::UserDatabase& users;
    identity::PeopleDatabase* people = nullptr;  ///< null: pages about registers are not there
    identity::SessionBook* sessions = nullptr;   ///< null: no session is known
    Hooks hooks;
    changes::ChangeControl* changes = nullptr;  ///< null: nothing is changed here
    std::function<TimePoint()> now = wall_now;
    bool secure = true;  ///< false only where the listener has no TLS: cookies then lack Secure
  };

  explicit Console(Parts parts);
  ~Console();
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;

  /// Every page, with guards, style sheets and error pages. The Console must outlive it.
  [[nodiscard]] web::Router router() const;

  /// What pages there are and to which area each belongs: for tests and for the documentation.
  struct Page {
    bool post = false;
    std::string pattern;
    std::optional<Area> area;  ///< none: open to everybody
  };
  [[nodiscard]] std::vector<Page> pages() const;

 private:
  std::unique_ptr<Desk> desk_;
};

/// Writes the inspection pack of `range` into `folder` (made when absent): report as text, JSON and PDF, and the
/// registers as CSV. For `schoolgate report inspection-pack`. Returns the names of the files.
[[nodiscard]] Result<std::vector<std::string>> write_inspection_pack(const Console::Parts& parts,
                                                                     casework::DayRange range,
                                                                     const std::filesystem::path& folder);

}  // namespace schoolgate::console
