#include "identity/sign_in.h"

#include <algorithm>
#include <array>
#include <memory>

#include "base/ascii.h"
#include "base/log.h"
#include "identity/access_register.h"
#include "identity/account_name.h"
#include "identity/visits.h"
#include "identity/wrong_passwords.h"

namespace schoolgate::identity {
namespace {

using names::IpAddress;
using std::chrono::seconds;

/// Wrong guesses at one account from anywhere: a pupil who locks another out does so for a minute at most.
constexpr Backoff::Rule kPortalAccountRule{.free_attempts = 10, .first_wait = seconds(2), .longest_wait = seconds(60)};
/// Wrong guesses of one device at anything.
constexpr Backoff::Rule kAddress{
    .free_attempts = 20, .first_wait = seconds(10), .longest_wait = seconds(900), .success = Backoff::OnSuccess::keeps};
constexpr std::chrono::hours kLongestVisit{12};
constexpr std::size_t kLongestField = 100;

constexpr std::string_view kWrong = "That name and password do not fit. Please try again.";

bool is_shown_text(std::string_view text) {
  return std::ranges::none_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7F; });
}

bool is_staff_group(std::string_view group) {
  return std::ranges::any_of(std::array<std::string_view, 3>{"staff", "teachers", "governors"},
                             [&](std::string_view name) { return group.starts_with(name); });
}

}  // namespace

SignIn::SignIn(Parts parts) : parts_(std::move(parts)), by_account_(kPortalAccountRule), by_address_(kAddress) {}

std::expected<Attempt, Backoff::HeldUp> SignIn::begin(std::string account, const IpAddress& address) {
  return Attempt::take({{by_account_, std::move(account)}, {by_address_, address.text()}}, Backoff::Clock::now());
}

PortalAnswer SignIn::held_up(const Backoff::HeldUp& why) {
  return why.why == Backoff::HeldUp::Why::under_way ? unavailable() : waiting(why.wait);
}

PortalAnswer SignIn::waiting(std::chrono::seconds wait) {
  ++counts_.waiting;
  return {.kind = PortalAnswer::Kind::wait,
          .person = {},
          .wait = wait,
          .text = "Too many tries. Please wait " + std::to_string(wait.count()) + " seconds."};
}

PortalAnswer SignIn::invalid(std::string text) {
  ++counts_.invalid;
  return {.kind = PortalAnswer::Kind::invalid, .person = {}, .text = std::move(text)};
}

PortalAnswer SignIn::unavailable() {
  ++counts_.unavailable;
  return {.kind = PortalAnswer::Kind::unavailable,
          .person = {},
          .text = "Signing in does not work just now. Please try again in a minute, or tell a member of staff."};
}

PortalAnswer SignIn::refuse(Attempt& attempt) {
  ++counts_.refused;
  const auto wait = attempt.failed(Backoff::Clock::now());
  return {.kind = PortalAnswer::Kind::refused, .person = {}, .wait = wait, .text = std::string(kWrong)};
}

PersonRole SignIn::role_of(const rules::Person& person) const {
  if (person.source == "visitor" || person.user.starts_with("visitor:")) return PersonRole::visitor;
  if (person.user.starts_with("class:")) return PersonRole::pupil;
  if (const auto account = Accounts(parts_.people).find(person.user); account && *account) return (*account)->role;
  return std::ranges::any_of(person.groups, is_staff_group) ? PersonRole::staff : PersonRole::pupil;
}

bool SignIn::terms_due(const rules::Person& person) const {
  if (!parts_.asks_for_terms) return false;
  const auto last = TermsRecord(parts_.people).last_of(person.user);
  if (!last) {
    log::error("answers to the terms cannot be read", {{"why", last.error().text()}});
    return true;
  }
  // Whose groups are not known yet is not asked again in another role.
  const PersonRole role = person.groups.empty() && *last ? (*last)->role : role_of(person);
  return parts_.terms.is_due(role, *last, parts_.now().wall, parts_.terms_renewal);
}

PortalAnswer SignIn::enter(rules::Person person, const IpAddress& address, std::optional<TimePoint> until,
                           std::string_view granted_by) {
  const Moment now = parts_.now();
  const PersonRole role = role_of(person);
  const bool due = terms_due(person);
  // The register comes first: nobody has access who is not in it.
  const auto noted = AccessRegister(parts_.people)
                         .note({.user = person.user,
                                .name = person.name,
                                .role = role,
                                .group = joined(person.groups, ","),
                                .granted_by = std::string(granted_by),
                                .from = now.wall,
                                .until = until,
                                .closed = {}},
                               now.wall);
  if (!noted) {
    log::error("the register of access cannot be written", {{"why", noted.error().text()}});
    return unavailable();
  }
  const auto entered = parts_.sessions.signed_in({.address = address,
                                                  .person = person,
                                                  .source = Source::sign_in,
                                                  .mac = {},
                                                  .session_id = {},
                                                  .terms_due = due,
                                                  .until = until},
                                                 now);
  if (entered == SessionBook::Entered::not_taken) return unavailable();
  ++counts_.accepted;
  PortalAnswer answer{.kind = due ? PortalAnswer::Kind::terms_due : PortalAnswer::Kind::signed_in,
                      .person = std::move(person),
                      .role = role,
                      .terms = due ? &parts_.terms.text_for(role) : nullptr};
  if (entered == SessionBook::Entered::behind)
    answer.text = "This device is known by another way of signing in, which counts first.";
  return answer;
}

void SignIn::with_password(std::string_view typed, Secret password, const IpAddress& address, Done done) {
  const auto user = account_name(typed);
  auto begun = begin(user.value_or(""), address);
  if (!begun) return done(held_up(begun.error()));
  // What cannot be a name is answered as a wrong one is: nothing is learnt from it.
  if (!user || password.empty()) return done(refuse(*begun));
  if (parts_.credentials == nullptr) return done(unavailable());
  const auto attempt = std::make_shared<Attempt>(*std::move(begun));  // given up where nobody can tell
  parts_.credentials->check_password(
      *user, std::move(password), address,
      [this, user = *user, address, attempt, done = std::move(done)](CredentialAnswer answer) {
        const TimePoint now = parts_.now().wall;
        if (answer.kind == CredentialAnswer::Kind::unavailable) return done(unavailable());
        if (answer.why == CredentialAnswer::Why::wait) return done(waiting(answer.wait));
        if (answer.kind == CredentialAnswer::Kind::refused || !answer.person) {
          PortalAnswer refused = refuse(*attempt);
          if (answer.why == CredentialAnswer::Why::wrong)
            if (const auto kept = WrongPasswords(parts_.people).note(user, address, now); !kept)
              log::warning("wrong passwords are not counted", {{"why", kept.error().text()}});
          if (answer.why == CredentialAnswer::Why::disabled)
            refused.text = "This account is switched off. Please ask a member of staff.";
          if (answer.why == CredentialAnswer::Why::expired)
            refused.text = "This password has run out. Please set a new one at a school computer.";
          return done(std::move(refused));
        }
        attempt->succeeded();
        rules::Person person = *std::move(answer.person);
        person.source = "sign-in";
        std::optional<TimePoint> until;
        std::string granted_by = "directory";
        if (const auto account = Accounts(parts_.people).find(person.user); account && *account) {
          until = (*account)->valid_until;
          granted_by = "account";
        }
        if (const auto cleared = WrongPasswords(parts_.people).clear(user); !cleared)
          log::warning("wrong passwords are not counted", {{"why", cleared.error().text()}});
        done(enter(std::move(person), address, until, granted_by));
      });
}

PortalAnswer SignIn::with_class(std::string_view typed, std::string_view picture, const IpAddress& address) {
  const auto code = account_name(typed);
  // A class signs in from many devices, and four-year-olds err: one device's tries do not hold up the others.
  auto attempt = begin("class:" + code.value_or("") + "@" + address.text(), address);
  if (!attempt) return held_up(attempt.error());
  if (!code) return refuse(*attempt);
  const auto found = Classes(parts_.people).find(*code);
  if (!found) return unavailable();
  if (!*found || picture.empty() || (*found)->picture != picture) {
    PortalAnswer refused = refuse(*attempt);
    refused.text = "That is not the picture of this class. Try again.";
    return refused;
  }
  rules::Person person{.user = "class:" + (*found)->code,
                       .name = (*found)->title,
                       .groups = {(*found)->group},
                       .confidence = rules::Confidence::class_login,
                       .source = "class"};
  attempt->succeeded();
  return enter(std::move(person), address, std::nullopt, "class sign-in");
}

PortalAnswer SignIn::with_name_only(std::string_view typed, const IpAddress& address) {
  const auto user = account_name(typed);
  auto attempt = begin(user.value_or(""), address);
  if (!attempt) return held_up(attempt.error());
  if (!user) return refuse(*attempt);
  const auto account = Accounts(parts_.people).find(*user);
  if (!account) return unavailable();
  if (!*account || !(*account)->no_password || !(*account)->holds(parts_.now().wall)) return refuse(*attempt);
  rules::Person person{.user = *user,
                       .name = (*account)->name,
                       .groups = (*account)->groups,
                       .confidence = rules::Confidence::class_login,
                       .source = "sign-in"};
  attempt->succeeded();
  return enter(std::move(person), address, (*account)->valid_until, "account");
}

PortalAnswer SignIn::as_visitor(const VisitForm& form, const IpAddress& address) {
  // Every registration writes to the disk: one device makes a few a day, not thousands.
  const auto moment = Backoff::Clock::now();
  if (const auto wait = by_address_.wait(address.text(), moment); wait.count() > 0) return waiting(wait);
  auto attempt = Attempt::take({{by_account_, "visitor@" + address.text()}}, moment);
  if (!attempt) return held_up(attempt.error());
  const TimePoint now = parts_.now().wall;
  const std::string name(trimmed(form.name, " ")), host(trimmed(form.host, " ")), purpose(trimmed(form.purpose, " "));
  for (const auto& [value, what] : {std::pair<const std::string&, const char*>{name, "your name"},
                                    {host, "whom you visit"},
                                    {purpose, "the purpose of your visit"}}) {
    if (value.empty()) return invalid(std::string("Please write ") + what + ".");
    if (value.size() > kLongestField || !is_shown_text(value))
      return invalid(std::string("Please write ") + what + " in at most 100 letters.");
  }
  if (form.until <= now) return invalid("Please choose until when you stay.");
  const TimePoint until = std::min(form.until, now + kLongestVisit);
  attempt->failed(Backoff::Clock::now());  // counted, whatever becomes of it
  const auto visit =
      Visits(parts_.people)
          .add({.name = name, .host = host, .purpose = purpose, .from = now, .until = until, .closed = {}}, false,
               "sign-in page", now);
  if (!visit) {
    log::error("a visit cannot be registered", {{"why", visit.error().text()}});
    return unavailable();
  }
  ++counts_.visitors;
  // Nobody has looked at a passport: no surer than a class sign-in.
  rules::Person person{.user = visit->user(),
                       .name = name,
                       .groups = {"visitors"},
                       .confidence = rules::Confidence::class_login,
                       .source = "visitor"};
  return enter(std::move(person), address, until, "sign-in page");
}

PortalAnswer SignIn::with_visitor_code(std::string_view typed, const IpAddress& address) {
  auto attempt = begin("code@" + address.text(), address);
  if (!attempt) return held_up(attempt.error());
  std::string code;
  for (const char c : typed.substr(0, 64)) {
    if (c == ' ' || c == '-') continue;
    const char small = c >= 'A' && c <= 'Z' ? char(c + 32) : c;
    code += small == 'o' ? '0' : small == 'i' || small == 'l' ? '1' : small;  // as people read them
  }
  const auto visit = Visits(parts_.people).find(code);
  if (!visit) return unavailable();
  const TimePoint now = parts_.now().wall;
  if (!*visit || (*visit)->closed || now >= (*visit)->until) {
    PortalAnswer refused = refuse(*attempt);
    refused.text = "That code is not, or no longer, good. Please ask at the office.";
    return refused;
  }
  if (now < (*visit)->from) return invalid("That code is not good yet. Please ask at the office.");
  ++counts_.visitors;
  rules::Person person{.user = (*visit)->user(),
                       .name = (*visit)->name,
                       .groups = {"visitors"},
                       .confidence = rules::Confidence::login,
                       .source = "visitor"};
  attempt->succeeded();
  return enter(std::move(person), address, (*visit)->until, "member of staff");
}

std::shared_ptr<const rules::Presence> SignIn::who_answers(const IpAddress& address) const {
  auto presence = parts_.sessions.find(address);
  return presence && presence->person ? presence : parts_.sessions.owes_terms_at(address);
}

PortalAnswer SignIn::accept_terms(std::string_view version, const IpAddress& address) {
  const auto presence = who_answers(address);
  if (!presence || !presence->person) return invalid("Please sign in first.");
  const rules::Person& person = *presence->person;
  const PersonRole role = role_of(person);
  const TermsText& text = parts_.terms.text_for(role);
  PortalAnswer answer{.kind = PortalAnswer::Kind::signed_in, .person = person, .role = role};
  if (!presence->terms_due) return answer;
  if (version != text.version) {
    answer.kind = PortalAnswer::Kind::terms_due;
    answer.terms = &text;
    answer.text = "The text has changed. Please read it again.";
    return answer;
  }
  // On disk before the door opens.
  const auto kept = TermsRecord(parts_.people)
                        .add({.user = person.user,
                              .name = person.name,
                              .role = role,
                              .version = text.version,
                              .accepted = true,
                              .when = parts_.now().wall,
                              .from = address});
  if (!kept) {
    log::error("an answer to the terms cannot be kept", {{"why", kept.error().text()}});
    return unavailable();
  }
  ++counts_.terms_accepted;
  parts_.sessions.set_terms_due(person.user, false);
  return answer;
}

void SignIn::decline_terms(const IpAddress& address) {
  const auto presence = who_answers(address);
  if (!presence || !presence->person) return;
  const rules::Person& person = *presence->person;
  const PersonRole role = role_of(person);
  const auto kept = TermsRecord(parts_.people)
                        .add({.user = person.user,
                              .name = person.name,
                              .role = role,
                              .version = parts_.terms.text_for(role).version,
                              .accepted = false,
                              .when = parts_.now().wall,
                              .from = address});
  if (!kept) log::error("an answer to the terms cannot be kept", {{"why", kept.error().text()}});
  ++counts_.terms_declined;
  parts_.sessions.set_terms_due(person.user, true);
  parts_.sessions.sign_out(address, std::nullopt, SessionEnd::signed_out, parts_.now());
}

void SignIn::sign_out(const IpAddress& address) {
  parts_.sessions.sign_out(address, std::nullopt, SessionEnd::signed_out, parts_.now());
}

PortalStatus SignIn::status(const IpAddress& address) const {
  PortalStatus status{.presence = who_answers(address)};
  if (!status.presence || !status.presence->person) return status;
  status.signed_in = true;
  status.role = role_of(*status.presence->person);
  if (status.presence->terms_due) status.terms = &parts_.terms.text_for(status.role);
  return status;
}

SignInCounters SignIn::counters() const {
  return {.accepted = counts_.accepted,
          .refused = counts_.refused,
          .waiting = counts_.waiting,
          .invalid = counts_.invalid,
          .unavailable = counts_.unavailable,
          .terms_accepted = counts_.terms_accepted,
          .terms_declined = counts_.terms_declined,
          .visitors = counts_.visitors};
}

}  // namespace schoolgate::identity
