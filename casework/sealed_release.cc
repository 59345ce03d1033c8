#include "casework/sealed_release.h"

#include <array>

#include "base/seal.h"
#include "base/uuid.h"
#include "breaches/breach_store.h"
#include "casework/shown_text.h"
#include "store/sql.h"

namespace schoolgate::casework {
namespace {

constexpr std::array<std::string_view, 5> kReleaseStates = {"waiting", "approved", "refused", "shown", "expired"};
constexpr std::size_t kShortestPurpose = 10;

struct Kept {
  ReleaseRequest request;
  std::string person;
};

Result<std::optional<Kept>> find(DeskStore& desk, std::string_view id) {
  std::optional<Kept> found;
  auto read = select(
      desk.database(),
      "SELECT id, episode, person, purpose, recipient, asked_by, asked_at, state, decided_by, decided_at, shown_at"
      " FROM releases WHERE id = ?1",
      [&](store::Statement& row) {
        Kept one;
        one.request.id = row.take<std::string>();
        one.request.episode = row.take<std::string>();
        one.person = row.take<std::string>();
        one.request.purpose = row.take<std::string>();
        one.request.to = row.take<std::string>();
        one.request.asked_by = row.take<std::string>();
        one.request.asked_at = row.take<TimePoint>();
        one.request.state = row.take<ReleaseRequest::State>();
        one.request.decided_by = row.take<std::string>();
        one.request.decided_at = time_unless_zero(row);
        one.request.shown_at = time_unless_zero(row);
        found = std::move(one);
      },
      id);
  if (!read) return std::unexpected(read.error());
  return found;
}

bool is_over(const ReleaseRequest& request, TimePoint now) {
  using enum ReleaseRequest::State;
  if (request.state == waiting) return now - request.asked_at > SealedRelease::kGoodFor;
  return request.state == approved && request.decided_at && now - *request.decided_at > SealedRelease::kGoodFor;
}

bool may_take_part(const Viewer& viewer, std::string_view person) {
  return leads_safeguarding(viewer.role) && !is_viewer(viewer, person);
}

}  // namespace

std::string_view to_string(ReleaseRequest::State state) noexcept { return kReleaseStates[std::size_t(state)]; }

Result<std::string> SealedRelease::ask(const Viewer& viewer, std::string_view episode, std::string_view person,
                                       std::string_view purpose, std::string_view to, TimePoint now) {
  if (!may_take_part(viewer, person)) return fail(Fault::client, "you cannot ask for this release");
  auto why = typed_text("purpose", purpose, 1000, Lines::many);
  if (!why) return std::unexpected(why.error());
  if (why->size() < kShortestPurpose) return fail(Fault::client, "purpose: write down why the address is needed");
  auto recipient = typed_text("given to", to, 200);
  if (!recipient) return std::unexpected(recipient.error());
  if (recipient->empty()) return fail(Fault::client, "given to: name the recipient of the address");
  const std::string id = Uuid::v7(now).text();
  auto done = desk_.change([&]() -> Result<void> {
    auto put = execute(desk_.database(),
                       "INSERT INTO releases(id, episode, person, purpose, recipient, asked_by, asked_at, state)"
                       " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, 0)",
                       id, episode, person, *why, *recipient, viewer.user, now);
    if (!put) return std::unexpected(put.error());
    return desk_.write_journal({.seq = 0,
                                .time = now,
                                .by = viewer.user,
                                .what = "release",
                                .about = std::string(episode),
                                .person = std::string(person),
                                .detail = "asked for, to be given to " + *recipient + ": " + *why});
  });
  if (!done) return std::unexpected(done.error());
  return id;
}

Result<void> SealedRelease::decide(const Viewer& viewer, std::string_view request, bool approve, TimePoint now) {
  return desk_.change([&]() -> Result<void> {
    auto kept = find(desk_, request);
    if (!kept) return std::unexpected(kept.error());
    if (!*kept || !may_take_part(viewer, (*kept)->person)) return fail(Fault::client, "there is no such request");
    const ReleaseRequest& asked = (*kept)->request;
    if (asked.state != ReleaseRequest::State::waiting || is_over(asked, now))
      return fail(Fault::client, "this request is decided or too old", "ask again");
    if (is_viewer(viewer, asked.asked_by)) return fail(Fault::client, "a colleague has to agree");
    auto put =
        execute(desk_.database(), "UPDATE releases SET state = ?2, decided_by = ?3, decided_at = ?4 WHERE id = ?1",
                request, approve ? ReleaseRequest::State::approved : ReleaseRequest::State::refused, viewer.user, now);
    if (!put) return std::unexpected(put.error());
    return desk_.write_journal({.seq = 0,
                                .time = now,
                                .by = viewer.user,
                                .what = "release",
                                .about = asked.episode,
                                .person = (*kept)->person,
                                .detail = approve ? "approved" : "refused"});
  });
}

Result<std::vector<ReleasedAddress>> SealedRelease::show(const Viewer& viewer, std::string_view request,
                                                         TimePoint now) {
  std::vector<ReleasedAddress> addresses;
  auto done = desk_.change([&]() -> Result<void> {
    auto kept = find(desk_, request);
    if (!kept) return std::unexpected(kept.error());
    if (!*kept || !may_take_part(viewer, (*kept)->person) || !is_viewer(viewer, (*kept)->request.asked_by))
      return fail(Fault::client, "there is no such request");
    const ReleaseRequest& asked = (*kept)->request;
    if (asked.state != ReleaseRequest::State::approved || is_over(asked, now))
      return fail(Fault::client, "it is not approved, was shown already or is too old", "ask again");
    auto breaches = store::Database::open(desk_.folder() / breaches::kBreachesFile, store::Database::Access::read);
    if (!breaches) return std::unexpected(breaches.error());
    const Sha256 key = breaches::sealed_address_key(desk_.key());
    std::uint64_t unreadable = 0;
    auto read = select(
        *breaches, "SELECT id, time, box FROM sealed_addresses WHERE episode = ?1 ORDER BY time LIMIT 500",
        [&](store::Statement& row) {
          const std::string id = text_at(row, 0);
          if (auto url = open_sealed(key, row.text(2), id))
            addresses.push_back({time_at(row, 1), id, *std::move(url)});
          else
            ++unreadable;
        },
        asked.episode);
    if (!read) return read;
    if (addresses.empty())
      return fail(Fault::host, unreadable > 0
                                   ? "the copies of these addresses cannot be decrypted: state.key is another one"
                                   : "no copy of these addresses is kept: their records are over their time");
    auto put = execute(desk_.database(), "UPDATE releases SET state = ?2, shown_at = ?3 WHERE id = ?1", request,
                       ReleaseRequest::State::shown, now);
    if (!put) return std::unexpected(put.error());
    return desk_.write_journal(
        {.seq = 0,
         .time = now,
         .by = viewer.user,
         .what = "release",
         .about = asked.episode,
         .person = (*kept)->person,
         .detail = "shown once, " + std::to_string(addresses.size()) + " addresses, agreed by " + asked.decided_by});
  });
  if (!done) return std::unexpected(done.error());  // what could not be recorded is not shown
  return addresses;
}

Result<std::vector<ReleaseRequest>> SealedRelease::list(const Viewer& viewer, std::string_view episode_or_empty,
                                                        TimePoint now) {
  std::vector<ReleaseRequest> requests;
  std::vector<std::string> ids;
  auto read = select(
      desk_.database(), "SELECT id FROM releases WHERE ?1 = '' OR episode = ?1 ORDER BY asked_at DESC LIMIT 200",
      [&](store::Statement& row) { ids.push_back(text_at(row, 0)); }, episode_or_empty);
  if (!read) return std::unexpected(read.error());
  for (const std::string& id : ids) {
    auto kept = find(desk_, id);
    if (!kept) return std::unexpected(kept.error());
    if (!*kept || !may_take_part(viewer, (*kept)->person)) continue;
    ReleaseRequest request = std::move((*kept)->request);
    if (is_over(request, now)) request.state = ReleaseRequest::State::expired;
    requests.push_back(std::move(request));
  }
  return requests;
}

}  // namespace schoolgate::casework
