#include "identity/credentials.h"

#include <atomic>
#include <mutex>
#include <unordered_map>

#include "base/log.h"
#include "identity/account_name.h"
#include "identity/credentials_backoff.h"
#include "identity/credentials_field.h"
#include "identity/credentials_pool.h"
#include "identity/credentials_seen.h"
#include "identity/directory.h"
#include "identity/directory_cache.h"
#include "identity/kerberos.h"
#include "identity/password.h"

namespace schoolgate::identity {
namespace {

using Clock = std::chrono::steady_clock;
using Kind = CredentialAnswer::Kind;
using Why = CredentialAnswer::Why;
using namespace std::chrono_literals;

/// A question that waited longer is answered from what is cached: whoever asked has given up.
constexpr std::chrono::seconds kPatience{10};

// Somebody who mistypes is not held up; somebody who guesses is. An account is held up as a whole for a minute at most,
// so that nobody can lock somebody else out, and never for whoever signed in lately from another machine.
constexpr Backoff::Rule kAccountAtClient{.free_attempts = 5, .first_wait = 1s, .longest_wait = 300s};
constexpr Backoff::Rule kClient{
    .free_attempts = 50, .first_wait = 1s, .longest_wait = 60s, .success = Backoff::OnSuccess::keeps};
constexpr Backoff::Rule kAccount{.free_attempts = 20, .first_wait = 1s, .longest_wait = 60s};

CredentialAnswer refused(Why why, std::string text = {}) {
  return {.kind = Kind::refused, .why = why, .text = std::move(text)};
}
CredentialAnswer unavailable(Why why, std::string text = {}) {
  return {.kind = Kind::unavailable, .why = why, .text = std::move(text)};
}
CredentialAnswer accepted(std::string user, std::string name, std::vector<std::string> groups, std::string source) {
  CredentialAnswer answer{.kind = Kind::accepted};
  answer.person = rules::Person{.user = std::move(user),
                                .name = std::move(name),
                                .groups = std::move(groups),
                                .confidence = rules::Confidence::login,
                                .source = std::move(source)};
  return answer;
}

/// Says that the directory does not answer once a minute, not once a pupil.
class DirectoryTroubleLog {
 public:
  void failed(const Error& error, Clock::time_point now) {
    const std::scoped_lock lock(mutex_);
    if (down_ && now - told_ < 1min) return;
    down_ = true;
    told_ = now;
    log::warning("directory does not answer", {{"error", error.what}, {"next", error.next}});
  }
  void answered() {
    const std::scoped_lock lock(mutex_);
    if (!std::exchange(down_, false)) return;
    log::info("directory answers again");
  }

 private:
  std::mutex mutex_;
  bool down_ = false;
  Clock::time_point told_{};
};

struct Counters {
  std::atomic<std::uint64_t> accepted{0}, refused{0}, unavailable{0}, from_cache{0}, held_back{0}, queue_full{0},
      directory_failures{0}, stale_answers{0};
};

}  // namespace

struct Credentials::State {
  State(Settings given, LocalAccounts local)
      : settings(std::move(given)),
        accounts(std::move(local)),
        cache(settings.directory ? settings.directory->fresh : 0s, settings.directory ? settings.directory->stale : 0s),
        seen({.right = settings.password_right,
              .wrong = settings.password_wrong,
              .when_silent = settings.directory ? settings.directory->stale : 0s}) {}

  struct Question {
    std::string user;
    std::shared_ptr<const Secret> password;
    names::IpAddress client;
    std::string digest;
    Clock::time_point asked;
    std::shared_ptr<Attempt> attempt;
  };

  // --- passwords

  void ask_password(std::string typed, Secret password, const names::IpAddress& client, Done done) {
    const auto now = Clock::now();
    const std::string from = client.text();
    const auto user = account_name(typed);
    if (!user || password.empty() || password.view().size() > kLongestPassword) {
      auto attempt = Attempt::take({{guesses_of_client, from}}, now);
      if (!attempt) return finish(held_back(attempt.error()), done);
      attempt->failed(now);
      return finish(refused(Why::wrong), done);
    }
    if (const auto wait = guesses_of_client.wait(from, now); wait > 0s) return finish(held_back({.wait = wait}), done);
    const std::string pair = *user + ' ' + from;
    if (const auto wait = guesses_of_pair.wait(pair, now); wait > 0s) return finish(held_back({.wait = wait}), done);
    Question question{*user, nullptr, client, seen.digest(*user, password.view()), now, nullptr};
    std::vector<Attempt::Count> counts{{guesses_of_client, from}, {guesses_of_pair, pair}};
    switch (seen.look_up(question.digest, now)) {
      case SeenPasswords::Seen::right:
        if (auto known = from_cache(*user, now)) return finish(*std::move(known), done);
        break;
      case SeenPasswords::Seen::wrong: return finish(refused(Why::wrong), done);  // the same again: no new guess
      case SeenPasswords::Seen::never: counts.push_back({guesses_of_account, *user}); break;
    }
    if (const auto held_up = join_or_begin(question, std::move(counts), done)) return finish(*held_up, done);
    if (!question.attempt) return;
    const std::string digest = question.digest;
    question.password = std::make_shared<const Secret>(std::move(password));
    if (!pool->take(from, [this, asked = std::move(question)](std::size_t thread) { answer_password(asked, thread); }))
      tell_all(digest, busy());
  }

  /// The same question may be under way (a browser opens six connections at once): then `done` waits for its answer,
  /// and `question` has no attempt. Else it is an attempt of its own, counted from now on. The answer when it is held
  /// up.
  std::optional<CredentialAnswer> join_or_begin(Question& question, std::vector<Attempt::Count> counts, Done& done) {
    const std::scoped_lock lock(pending_mutex);
    if (const auto waiting = pending.find(question.digest); waiting != pending.end()) {
      waiting->second.push_back(std::move(done));
      return std::nullopt;
    }
    auto attempt = Attempt::take(std::move(counts), question.asked);
    if (!attempt) return held_back(attempt.error());
    question.attempt = std::make_shared<Attempt>(*std::move(attempt));
    pending[question.digest].push_back(std::move(done));
    return std::nullopt;
  }

  /// Of somebody whose password was right lately and whose groups are known: answered at once.
  std::optional<CredentialAnswer> from_cache(const std::string& user, Clock::time_point now) {
    if (!settings.directory) return std::nullopt;
    const auto found = look_up(user, now);
    if (!found.known || !found.person) return std::nullopt;
    counters.from_cache.fetch_add(1, std::memory_order_relaxed);
    if (found.person->disabled) return refused(Why::disabled);
    return accepted(found.person->user, found.person->name, found.person->groups, "basic");
  }

  void answer_password(const Question& question, std::size_t thread) {
    CredentialAnswer answer = judge_password(question, thread);
    const auto now = Clock::now();
    if (answer.kind == Kind::accepted) {
      question.attempt->succeeded();
    } else if (answer.why == Why::wrong) {
      question.attempt->failed(now);
      seen.put(question.digest, question.user, false, now);
    }
    tell_all(question.digest, std::move(answer));
  }

  CredentialAnswer judge_password(const Question& question, std::size_t thread) {
    if (ending) return unavailable(Why::busy);
    if (const auto account = accounts ? accounts(question.user) : std::nullopt) return judge_local(question, *account);
    if (!settings.directory) {
      verify_nobody(question.password->view());
      return accounts ? refused(Why::wrong) : unavailable(Why::not_configured);
    }
    return judge_by_directory(question, thread);
  }

  CredentialAnswer judge_local(const Question& question, const LocalAccount& account) {
    const auto now = Clock::now();
    // The kept hash is part of the name, so that a changed password ends what was right before.
    const std::string digest = seen.digest(question.user + ' ' + account.password_hash, question.password->view());
    if (seen.look_up(digest, now) == SeenPasswords::Seen::right) {
      counters.from_cache.fetch_add(1, std::memory_order_relaxed);
    } else if (!account.password_hash.empty() && verify_password(account.password_hash, question.password->view())) {
      seen.put(digest, question.user, true, now);
    } else {
      if (account.password_hash.empty()) verify_nobody(question.password->view());
      return refused(Why::wrong);
    }
    if (!is_valid(account)) return refused(Why::disabled);
    return accepted(question.user, account.name, account.groups, "basic");
  }

  CredentialAnswer judge_by_directory(const Question& question, std::size_t thread) {
    if (Clock::now() - question.asked > kPatience) return when_silent(question, "the question waited too long");
    auto verdict = directories[thread]->check_password(question.user, question.password->view());
    const auto now = Clock::now();
    if (!verdict) {
      note_failure(verdict.error(), now);
      return when_silent(question, verdict.error().what);
    }
    trouble.answered();
    switch (verdict->kind) {
      case PasswordVerdict::Kind::accepted: break;
      case PasswordVerdict::Kind::wrong: return refused(Why::wrong);
      case PasswordVerdict::Kind::expired: seen.forget(question.user); return refused(Why::expired);
      case PasswordVerdict::Kind::disabled:
      case PasswordVerdict::Kind::locked: seen.forget(question.user); return refused(Why::disabled);
    }
    seen.forget(question.user);  // another password that was right before is not any more
    seen.put(question.digest, question.user, true, now);
    DirectoryPerson& person = verdict->person;
    cache.put(question.user, person, now);
    return accepted(person.user, person.name, person.groups, "basic");
  }

  CredentialAnswer when_silent(const Question& question, std::string why) {
    const auto now = Clock::now();
    if (!seen.was_right(question.digest, now)) return unavailable(Why::no_answer, std::move(why));
    counters.stale_answers.fetch_add(1, std::memory_order_relaxed);
    const auto last = cache.last_known(question.user, now);
    if (!last.person) return accepted(question.user, {}, {}, "basic");
    if (last.person->disabled) return refused(Why::disabled);
    return accepted(last.person->user, last.person->name, last.person->groups, "basic");
  }

  void tell_all(const std::string& digest, CredentialAnswer answer) {
    std::vector<Done> waiting;
    {
      const std::scoped_lock lock(pending_mutex);
      const auto found = pending.find(digest);
      if (found == pending.end()) return;
      waiting = std::move(found->second);
      pending.erase(found);
    }
    for (const Done& done : waiting) finish(answer, done);
  }

  // --- tickets

  void ask_token(std::string token, const names::IpAddress& client, Done done) {
    if (acceptors.empty()) return finish(unavailable(Why::not_configured), done);
    const auto shared = std::make_shared<Done>(std::move(done));
    const bool taken = pool->take(client.text(), [this, shared, token = std::move(token)](std::size_t thread) {
      finish(judge_token(token, thread), *shared);
    });
    if (!taken) finish(busy(), *shared);
  }

  CredentialAnswer judge_token(const std::string& token, std::size_t thread) {
    if (ending) return unavailable(Why::busy);
    auto ticket = acceptors[thread].accept(token);
    if (!ticket) return refused(Why::bad_token, ticket.error().text());
    const auto user = user_of_principal(ticket->principal, settings.realms);
    if (!user) return refused(Why::bad_token, user.error().text());
    const GroupsAnswer groups = find_groups(*user, thread);
    if (groups.disabled) return refused(Why::disabled);
    CredentialAnswer answer = accepted(*user, groups.name, groups.groups, "negotiate");
    answer.reply = to_base64(ticket->reply);
    return answer;
  }

  // --- groups

  void ask_groups(std::string user, GroupsDone done) {
    const auto name = account_name(user);
    if (!name) return done({});
    if (settings.directory) {
      if (const auto found = look_up(*name, Clock::now()); found.known && found.person) return done(groups_in(found));
    }
    const auto shared = std::make_shared<GroupsDone>(std::move(done));
    const bool taken = pool->take(CredentialsPool::kOurselves, [this, shared, name = *name](std::size_t thread) {
      (*shared)(ending ? GroupsAnswer{} : find_groups(name, thread));
    });
    if (taken) return;
    counters.queue_full.fetch_add(1, std::memory_order_relaxed);
    (*shared)(groups_in(cache.last_known(*name, Clock::now())));
  }

  /// On a thread of the pool: the local account's, else the directory's, from the cache where it is fresh enough.
  GroupsAnswer find_groups(const std::string& user, std::size_t thread) {
    if (const auto account = accounts ? accounts(user) : std::nullopt)
      return {.known = true, .disabled = !is_valid(*account), .name = account->name, .groups = account->groups};
    if (!settings.directory) return {.known = true};
    if (const auto found = look_up(user, Clock::now()); found.known) return groups_in(found);
    ask_directory(user, thread);
    const auto found = cache.last_known(user, Clock::now());
    if (!found.known) return {};
    return groups_in(found);
  }

  Standing ask_standing(const std::string& user, std::size_t thread) {
    if (ending || !settings.directory) return Standing::unknown;
    if (accounts && accounts(user)) return Standing::stands;
    auto found = directories[thread]->find(user);
    const auto now = Clock::now();
    if (!found) {
      note_failure(found.error(), now);
      return Standing::unknown;
    }
    trouble.answered();
    const Standing standing = !*found ? Standing::gone : (*found)->disabled ? Standing::switched_off : Standing::stands;
    if (standing != Standing::stands) seen.forget(user);
    cache.put(user, *std::move(found), now);
    return standing;
  }

  static GroupsAnswer groups_in(const DirectoryCache::Found& found) {
    if (!found.person) return {.known = found.known};
    return {
        .known = true, .disabled = found.person->disabled, .name = found.person->name, .groups = found.person->groups};
  }

  /// What is cached; an answer that has grown old is asked for again in the background.
  DirectoryCache::Found look_up(const std::string& user, Clock::time_point now) {
    const auto found = cache.look_up(user, now);
    if (!found.refresh || !found.known) return found;
    if (!pool->take_if_idle([this, user](std::size_t thread) { ask_directory(user, thread); })) cache.failed(user, now);
    return found;
  }

  void ask_directory(const std::string& user, std::size_t thread) {
    if (ending) return;
    auto found = directories[thread]->find(user);
    const auto now = Clock::now();
    if (!found) {
      note_failure(found.error(), now);
      const auto last = cache.last_known(user, now);
      if (last.known) counters.stale_answers.fetch_add(1, std::memory_order_relaxed);
      return cache.failed(user, now);
    }
    trouble.answered();
    if (!*found || (*found)->disabled) seen.forget(user);
    cache.put(user, *std::move(found), now);
  }

  // --- everything

  static bool is_valid(const LocalAccount& account) {
    return !account.disabled && (!account.valid_until || wall_now() < *account.valid_until);
  }
  void note_failure(const Error& error, Clock::time_point now) {
    counters.directory_failures.fetch_add(1, std::memory_order_relaxed);
    trouble.failed(error, now);
  }
  CredentialAnswer held_back(const Backoff::HeldUp& held_up) {
    if (held_up.why == Backoff::HeldUp::Why::under_way) return busy();
    counters.held_back.fetch_add(1, std::memory_order_relaxed);
    CredentialAnswer answer = refused(Why::wait);
    answer.wait = held_up.wait;
    return answer;
  }
  CredentialAnswer busy() {
    counters.queue_full.fetch_add(1, std::memory_order_relaxed);
    return unavailable(Why::busy, "too many sign-ins at once");
  }
  void finish(CredentialAnswer answer, const Done& done) {
    auto& counter = answer.kind == Kind::accepted  ? counters.accepted
                    : answer.kind == Kind::refused ? counters.refused
                                                   : counters.unavailable;
    counter.fetch_add(1, std::memory_order_relaxed);
    done(std::move(answer));
  }

  Settings settings;
  const LocalAccounts accounts;
  DirectoryCache cache;
  SeenPasswords seen;
  Backoff guesses_of_pair{kAccountAtClient}, guesses_of_client{kClient}, guesses_of_account{kAccount};
  DirectoryTroubleLog trouble;
  Counters counters;
  std::vector<std::unique_ptr<Directory>> directories;  // one a thread
  std::vector<KerberosAcceptor> acceptors;              // one a thread; empty without a keytab
  std::mutex pending_mutex;
  std::unordered_map<std::string, std::vector<Done>> pending;  // questions under way, by digest
  std::atomic<bool> ending{false};
  std::unique_ptr<CredentialsPool> pool;  // last: its threads use what stands above
};

Result<std::unique_ptr<Credentials>> Credentials::start(Settings settings, LocalAccounts accounts) {
  if (settings.keytab && settings.realms.empty()) {
    const std::string_view named = realm_of(settings.keytab_principal);
    auto realms = named.empty() ? realms_of_keytab(*settings.keytab) : std::vector{std::string(named)};
    if (!realms) return std::unexpected(realms.error());
    settings.realms = *std::move(realms);
  }
  auto state = std::make_unique<State>(std::move(settings), std::move(accounts));
  const Settings& kept = state->settings;
  if (kept.directory) {
    auto servers = DirectoryServers::open(*kept.directory);
    if (!servers) return std::unexpected(servers.error());
    for (std::size_t i = 0; i < kept.threads; ++i) state->directories.push_back(std::make_unique<Directory>(*servers));
  }
  if (kept.keytab) {
    const auto replays = kept.state_folder.empty() ? std::filesystem::path() : kept.state_folder / "kerberos.replays";
    for (std::size_t i = 0; i < kept.threads; ++i) {
      auto acceptor =
          KerberosAcceptor::open({.keytab = *kept.keytab, .principal = kept.keytab_principal, .replay_cache = replays});
      if (!acceptor) return std::unexpected(acceptor.error());
      state->acceptors.push_back(*std::move(acceptor));
    }
  }
  state->pool = std::make_unique<CredentialsPool>(kept.threads, kept.queue);
  return std::unique_ptr<Credentials>(new Credentials(std::move(state)));
}

Credentials::Credentials(std::unique_ptr<State> state) : state_(std::move(state)) {}
Credentials::~Credentials() { state_->ending = true; }

void Credentials::check_password(std::string user, Secret password, const names::IpAddress& client, Done done) {
  state_->ask_password(std::move(user), std::move(password), client, std::move(done));
}

void Credentials::check_token(std::string token, const names::IpAddress& client, Done done) {
  state_->ask_token(std::move(token), client, std::move(done));
}

void Credentials::check_base64_token(std::string_view base64, const names::IpAddress& client, Done done) {
  auto token = from_base64(base64, kLargestToken);
  if (!token) return state_->finish(refused(Why::bad_token, "the token is no base64, or larger than 64 KB"), done);
  check_token(*std::move(token), client, std::move(done));
}

void Credentials::groups_of(std::string user, GroupsDone done) { state_->ask_groups(std::move(user), std::move(done)); }

bool Credentials::standing_of(std::string user, std::function<void(Standing)> done) {
  State* const state = state_.get();
  return state->pool->take_if_idle([state, user = std::move(user), done = std::move(done)](std::size_t thread) {
    done(state->ask_standing(user, thread));
  });
}

bool Credentials::takes_tickets() const noexcept { return !state_->acceptors.empty(); }

CredentialCounters Credentials::counters() const {
  const auto read = [](const std::atomic<std::uint64_t>& value) { return value.load(std::memory_order_relaxed); };
  const Counters& from = state_->counters;
  return {.accepted = read(from.accepted),
          .refused = read(from.refused),
          .unavailable = read(from.unavailable),
          .from_cache = read(from.from_cache),
          .held_back = read(from.held_back),
          .queue_full = read(from.queue_full),
          .directory_failures = read(from.directory_failures),
          .stale_answers = read(from.stale_answers),
          .waiting = state_->pool->waiting()};
}

}  // namespace schoolgate::identity
