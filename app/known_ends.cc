#include "app/known_ends.h"

#include <algorithm>
#include <map>

#include "app/authority_page.h"
#include "app/authority_renewal.h"
#include "app/table.h"
#include "config/plain_text.h"
#include "identity/accounts.h"
#include "identity/terms.h"
#include "proxy/tls/authority.h"
#include "web/own_certificate.h"

namespace schoolgate::app {
namespace {

using std::chrono::days;
using std::chrono::local_days;
using std::chrono::year_month_day;

constexpr days kAhead{60};

local_days local_day(const rules::SiteClock* clock, TimePoint time) {
  if (clock) return std::chrono::floor<days>(clock->local(time));
  return local_days(std::chrono::floor<days>(time).time_since_epoch());
}

TimePoint begin_of(const rules::SiteClock* clock, local_days day) {
  if (clock) return clock->first_instant(day);
  return TimePoint(day.time_since_epoch());
}

std::string day_text(local_days day) { return to_rfc3339_day(TimePoint(day.time_since_epoch())); }

void add_certificates(std::vector<KnownEnd>& ends, const config::Settings& settings) {
  std::error_code error;
  const auto add = [&](const char* what, const std::filesystem::path& file, const std::string& next) {
    if (!std::filesystem::exists(file, error)) return;
    if (const auto end = tls::end_of_certificate(file))
      ends.push_back({.what = what, .ends = *end, .next = next, .day = {}});
  };
  const Authorities them = read_authorities(settings);
  add(kAuthority, tls::authority_files(authority_folder(settings)).certificate,
      them.coming
          ? "The new one beside it takes its place before that, by itself."
          : "Nothing is opened after that. Make the new one beside it, in good time for the devices: schoolgate "
            "ca renew.");
  if (them.coming && them.switch_at)
    ends.push_back({.what = "the time to install the school's new authority",
                    .ends = *them.switch_at,
                    .next = "From then on opened pages come with it, and a device without it warns. The certificate "
                            "and the steps: schoolgate ca export --format page. Too early: schoolgate ca renew "
                            "--back.",
                    .day = {}});
  const auto add_own = [&](const char* what, const char* name) {
    const web::OwnCertificate own{.folder = settings.state, .file = name, .school = {}, .names = {}, .addresses = {}};
    if (web::is_given(own))
      return add(what, own.certificate_file(), "Put a new one and its key in their place and restart.");
    const std::size_t before = ends.size();
    add(what, own.certificate_file(),
        "The gateway has not been able to make a new one; its log says why. A restart tries again.");
    if (ends.size() > before) ends.back().renews_itself = true;
  };
  if (settings.listen.console) add_own("the certificate of the desk", "console");
  const auto& sign_in = settings.identity.sign_in;
  if (sign_in && !sign_in->certificate) add_own("the certificate of the sign-in page", "portal");
  if (sign_in && sign_in->certificate)
    add("the certificate of the sign-in page", *sign_in->certificate, "Put a new one in its place and restart.");
}

// A file of several is over with the last of them; before that, the next to end is told. One of the size of the
// system's own is not the school's to renew, and is too large to be read here.
void add_trusted(std::vector<KnownEnd>& ends, std::string_view setting, const std::filesystem::path& file,
                 TimePoint now) {
  const auto all = tls::ends_of_certificates(file);
  if (!all) return;
  const auto last = std::ranges::max(*all);
  auto next = last;
  for (const TimePoint end : *all)
    if (end > now) next = std::min(next, end);
  // By its path: two folders may have a file of one name, and each end is announced by its name.
  const std::string what = "an authority of " + std::string(setting) + " (" + config::printable(file.string()) + ")";
  if (std::ranges::find(ends, what, &KnownEnd::what) != ends.end()) return;  // named twice
  ends.push_back({.what = what,
                  .ends = next,
                  .next = "What it vouches for is refused after that. Put the new one into the file, and reload.",
                  .day = {}});
}

void add_licences(std::vector<KnownEnd>& ends, const EndSources& sources) {
  for (const config::ListConfig& list : sources.lists) {
    if (!list.licence_until) continue;
    const local_days last(*list.licence_until);
    ends.push_back({.what = "the licence of the list " + list.name,
                    .ends = begin_of(sources.clock, last + days(1)),
                    .next = "Its publisher may stop serving it; the filter goes on with what it has, which grows old. "
                            "Renew it, and write the new day as licence_until in lists.yaml.",
                    .day = day_text(last)});
  }
}

void add_accounts(std::vector<KnownEnd>& ends, const EndSources& sources, TimePoint now) {
  const auto all = identity::Accounts(*sources.people).ends(now, now + kAhead + days(1));
  if (!all) return;
  std::map<local_days, std::size_t> by_day;  // an account "until" a day ends with it, at the next midnight
  for (const TimePoint end : *all) ++by_day[local_day(sources.clock, end - std::chrono::milliseconds(1))];
  for (const auto& [day, count] : by_day)
    ends.push_back({.what = "the access of accounts until " + day_text(day),
                    .ends = begin_of(sources.clock, day + days(1)),
                    .next = counted(count, "account ends", "accounts end") +
                            " then. Which: schoolgate people list. Longer: schoolgate people add ACCOUNT --until.",
                    .day = day_text(day)});
}

// By month: nearly all of a school answer in the same few weeks, and a mail for each person would tell nothing.
void add_terms(std::vector<KnownEnd>& ends, const EndSources& sources, TimePoint now) {
  const auto& sign_in = sources.settings.identity.sign_in;
  if (!sign_in || sign_in->terms_renewal <= days(0)) return;
  const auto terms = identity::Terms::load(sign_in->terms);
  const auto answers = identity::TermsRecord(*sources.people).last_of_each();
  if (!terms || !answers) return;
  struct Month {
    std::size_t count = 0;
    local_days first = local_days::max();
    std::map<local_days, std::size_t> by_day;
  };
  std::map<local_days, Month> months;
  for (const identity::TermsAnswer& answer : *answers) {
    if (terms->is_due(answer.role, answer, now, sign_in->terms_renewal)) continue;  // asked anew already
    const local_days day = local_day(sources.clock, answer.when + sign_in->terms_renewal);
    const year_month_day date(day);
    Month& month = months[local_days(date.year() / date.month() / 1)];
    ++month.count;
    month.first = std::min(month.first, day);
    ++month.by_day[day];
  }
  for (const auto& [begin, month] : months) {
    const TimePoint from = begin_of(sources.clock, begin);
    if (from <= now || from > now + kAhead) continue;
    const auto most = std::ranges::max_element(month.by_day, {}, [](const auto& day) { return day.second; });
    const std::string name = day_text(begin).substr(0, 7);
    ends.push_back({.what = "the acceptance of the terms of use in " + name,
                    .ends = from,
                    .next = counted(month.count, "person is", "people are") +
                            " asked again in that month, the first on " + day_text(month.first) + ", most of them (" +
                            std::to_string(most->second) + ") on " + day_text(most->first) +
                            ". Other terms: change the version in their files before.",
                    .day = day_text(begin)});
  }
}

}  // namespace

std::vector<KnownEnd> known_ends(const EndSources& sources, TimePoint now) {
  std::vector<KnownEnd> ends;
  add_certificates(ends, sources.settings);
  for (const std::filesystem::path& file : sources.settings.upstream.trust)
    add_trusted(ends, "upstream.trust", file, now);
  if (const auto& directory = sources.settings.identity.directory; directory && directory->trust)
    add_trusted(ends, "identity.directory.trust", *directory->trust, now);
  add_licences(ends, sources);
  if (!sources.people) return ends;
  add_accounts(ends, sources, now);
  add_terms(ends, sources, now);
  return ends;
}

std::vector<KnownEnd> near_ends(std::vector<KnownEnd> ends, TimePoint now) {
  std::erase_if(ends, [&](const KnownEnd& end) { return !announced(end, now); });
  std::ranges::stable_sort(ends, {}, &KnownEnd::ends);
  return ends;
}

}  // namespace schoolgate::app
