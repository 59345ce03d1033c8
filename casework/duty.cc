#include "casework/duty.h"

#include "base/clock.h"
#include "store/sql.h"

namespace schoolgate::casework {
namespace {

constexpr std::string_view kAbsence = "absence", kRota = kRotaOfDesk, kDutyOfAccount = "account ";
constexpr std::chrono::days kLongestAbsence{366};

std::optional<std::chrono::sys_days> day_from(std::string_view text) {
  const auto at = from_rfc3339(std::string(text) + "T00:00:00Z");
  if (!at) return std::nullopt;
  return std::chrono::floor<std::chrono::days>(*at);
}

}  // namespace

bool Duty::is_away(std::string_view user, std::chrono::sys_days day) const {
  const auto found = absences.find(user);
  return found != absences.end() && day >= found->second.first && day <= found->second.last;
}

const std::string& Duty::on_duty(std::chrono::sys_days day) const {
  return rota[std::chrono::weekday(day).iso_encoding() - 1];
}

bool Duty::may_have_work(std::string_view user) const { return !leaders || leaders->contains(user); }

std::string Duty::who_has(std::string_view user, std::chrono::sys_days day) const {
  const auto is_there = [&](std::string_view one) { return !one.empty() && may_have_work(one) && !is_away(one, day); };
  if (is_there(user)) return std::string(user);
  if (is_away(user, day))
    if (const std::string& stand_in = absences.find(user)->second.stand_in; is_there(stand_in)) return stand_in;
  const std::string& duty = on_duty(day);
  return is_there(duty) ? duty : std::string();
}

Result<Duty> DutyBook::read() {
  Duty duty;
  auto read = store::select(
      desk_.database(),
      "SELECT about, choice, text FROM entries e WHERE field = 'absence' AND text <> '' AND number ="
      " (SELECT max(number) FROM entries l WHERE l.about = e.about AND l.field = 'absence')",
      [&](store::Statement& row) {
        const std::string_view about = row.text(0), days = row.text(2);
        const auto first = day_from(days.substr(0, 10)), last = day_from(days.size() > 11 ? days.substr(11) : "");
        if (!about.starts_with(kDutyOfAccount) || !first || !last) return;
        duty.absences.emplace(about.substr(kDutyOfAccount.size()), Absence{*first, *last, store::text_at(row, 1)});
      });
  if (!read) return std::unexpected(read.error());
  read = store::select(desk_.database(),
                       "SELECT text FROM entries WHERE about = 'rota' AND field = 'rota' ORDER BY number DESC LIMIT 1",
                       [&](store::Statement& row) {
                         std::string_view left = row.text(0);
                         for (std::string& day : duty.rota) {
                           const std::size_t end = std::min(left.find('\n'), left.size());
                           day = left.substr(0, end);
                           left.remove_prefix(std::min(end + 1, left.size()));
                         }
                       });
  if (!read) return std::unexpected(read.error());
  return duty;
}

std::string absence_of(std::string_view user) { return std::string(kDutyOfAccount) + std::string(user); }

Result<void> DutyBook::set_absence(const Viewer& viewer, const std::optional<Absence>& absence,
                                   const std::optional<Colleague>& stand_in, std::chrono::sys_days today, TimePoint now,
                                   std::optional<std::uint64_t> seen) {
  if (absence) {
    if (absence->last < absence->first) return fail(Fault::client, "last day: it lies before the first");
    if (absence->last < today) return fail(Fault::client, "last day: it lies in the past");
    if (absence->last - absence->first > kLongestAbsence) return fail(Fault::client, "last day: more than a year away");
  }
  if (stand_in && (!leads_safeguarding(stand_in->role) || stand_in->user == viewer.user))
    return fail(Fault::client, "stand-in: choose a colleague who leads safeguarding");
  const std::string who = absence && stand_in ? stand_in->user : std::string();
  const std::string days =
      absence ? to_rfc3339_day(absence->first) + ' ' + to_rfc3339_day(absence->last) : std::string();
  return desk_.change([&]() -> Result<void> {
    if (auto current = desk_.must_be_current(absence_of(viewer.user), seen); !current) return current;
    auto added = add_entry(desk_.database(), absence_of(viewer.user),
                           {.field = std::string(kAbsence),
                            .by = viewer.user,
                            .at = now,
                            .choice = who,
                            .text = days,
                            .corrects = {},
                            .person = {}});
    if (!added) return std::unexpected(added.error());
    return desk_.write_journal({.seq = 0,
                                .time = now,
                                .by = viewer.user,
                                .what = "absence",
                                .about = absence_of(viewer.user),
                                .person = {},
                                .detail = absence
                                              ? "away " + days + (who.empty() ? ", by the rota" : ", stand-in " + who)
                                              : std::string("back")});
  });
}

Result<void> DutyBook::set_rota(const Viewer& viewer, const std::array<Colleague, 7>& days, TimePoint now,
                                std::optional<std::uint64_t> seen) {
  if (!leads_safeguarding(viewer.role)) return fail(Fault::client, "the rota is not yours to set");
  std::string text;
  for (const Colleague& one : days) {
    if (!one.user.empty() && !leads_safeguarding(one.role))
      return fail(Fault::client, "rota: choose colleagues who lead safeguarding");
    text += one.user + '\n';
  }
  return desk_.change([&]() -> Result<void> {
    if (auto current = desk_.must_be_current(kRota, seen); !current) return current;
    auto added = add_entry(desk_.database(), kRota,
                           {.field = std::string(kRota),
                            .by = viewer.user,
                            .at = now,
                            .choice = {},
                            .text = text,
                            .corrects = {},
                            .person = {}});
    if (!added) return std::unexpected(added.error());
    return desk_.write_journal({.seq = 0,
                                .time = now,
                                .by = viewer.user,
                                .what = "rota",
                                .about = std::string(kRota),
                                .person = {},
                                .detail = "the rota was set"});
  });
}

}  // namespace schoolgate::casework
