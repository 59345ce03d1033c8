#include "proxy/flow/content_gate.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/ascii.h"
#include "content/shipped_phrases.h"
#include "proxy/flow/alarm.h"
#include "proxy/flow/breach_of.h"
#include "proxy/flow/filing.h"
#include "proxy/flow/worker.h"
#include "rules/content_facts.h"

namespace schoolgate::flow {
namespace {

using net::IoStatus;

/// Every field of that name; browsers join them.
std::string all_of(const http::Fields& fields, std::string_view name) {
  std::string all;
  for (const http::Field& field : fields.items())
    if (equal_ignoring_case(field.name, name)) (all += all.empty() ? "" : ", ") += field.value;
  return all;
}

std::string codings_of(const http::Fields& fields) { return all_of(fields, "content-encoding"); }
std::string types_of(const http::Fields& fields) { return all_of(fields, "content-type"); }

/// What decoders of these codings hold at most.
std::uint64_t windows_of(std::string_view codings) {
  std::uint64_t sum = 0;
  while (!codings.empty()) {
    const std::string_view coding = trimmed(cut_at(codings, ','));
    if (equal_ignoring_case(coding, "zstd"))
      sum += 9u << 20;
    else if (equal_ignoring_case(coding, "br"))
      sum += 17u << 20;
    else
      sum += 64u << 10;
  }
  return sum;
}

/// Of one element of Accept-Encoding what may be asked for: nothing of a coding that is not read. What is refused stays
/// refused, and any coding means any that is read.
std::string_view readable_part(std::string_view element) {
  static constexpr std::string_view kReadable[] = {"gzip", "x-gzip", "deflate", "br", "zstd", "identity"};
  std::string_view weight = element;
  const std::string_view coding = trimmed(cut_at(weight, ';'));
  weight = trimmed(weight);
  const bool refused = starts_ignoring_case(weight, "q=0") && weight.find_first_of("123456789") == weight.npos;
  if (refused || std::ranges::any_of(kReadable, [&](auto known) { return equal_ignoring_case(coding, known); }))
    return element;
  return coding == "*" ? "gzip, deflate, br, zstd" : "";
}

bool names_markup(std::string_view accept) {
  while (!accept.empty()) {
    std::string_view element = trimmed(cut_at(accept, ','));
    const std::string_view type = trimmed(cut_at(element, ';'));
    if (equal_ignoring_case(type, "text/html") || equal_ignoring_case(type, "application/xhtml+xml")) return true;
  }
  return false;
}

/// A part that does not begin the text, or does not say where it begins: what stands before it is not known.
bool lacks_beginning(const http::ResponseHead& head) {
  if (head.status != 206) return false;
  for (const http::Field& field : head.fields.items())
    if (equal_ignoring_case(field.name, "content-range")) return !starts_ignoring_case(trimmed(field.value), "bytes 0-");
  return true;
}

}  // namespace

bool reads_inside(Connection& connection, const names::Host& host, std::uint16_t port) {
  Asking& asking = connection.worker.asking();
  const auto policy = asking.policy();
  if (!policy->reads_any_content()) return false;
  const rules::Request by_name = rules::Request::of_host(host, port, "CONNECT");
  const Judgement judgement = asking.judge_again(connection, by_name, rules::Stage::client_hello);
  return judgement.policy->reads_content(judgement.subject, by_name, judgement.verdict);
}

void accept_readable_codings(http::Fields& fields, std::string& room) {
  http::Field* first = nullptr;
  std::string narrowed;
  for (http::Field& field : fields.items()) {
    if (field.drop || !equal_ignoring_case(field.name, "accept-encoding")) continue;
    std::string_view offered = field.value;
    while (!offered.empty()) {
      const std::string_view readable = readable_part(trimmed(cut_at(offered, ',')));
      if (!readable.empty()) (narrowed += narrowed.empty() ? "" : ", ") += readable;
    }
    if (first)
      field.drop = true;
    else
      first = &field;
  }
  if (!first) return;
  room = std::move(narrowed);
  first->value = room;
  first->plain = false;
}

void ask_for_whole_document(http::Fields& fields) {
  const std::string_view becomes = fields.find(http::Name::sec_fetch_dest);
  bool is_document = becomes == "document" || becomes == "iframe" || becomes == "frame";
  for (const http::Field& field : fields.items())
    if (becomes.empty() && equal_ignoring_case(field.name, "accept")) is_document |= names_markup(field.value);
  if (!is_document) return;
  for (http::Field& field : fields.items())
    if (equal_ignoring_case(field.name, "range") || equal_ignoring_case(field.name, "if-range")) field.drop = true;
}

std::unique_ptr<ContentGate> ContentGate::for_answer(Connection& connection, const Judgement& judgement,
                                                     const rules::Request& request, const http::ResponseHead& head) {
  if (!judgement.policy->reads_any_content() || head.websocket || head.body.framing == http::Framing::none)
    return nullptr;
  if (judgement.portal || !judgement.policy->reads_content(judgement.subject, request, judgement.verdict))
    return nullptr;
  const auto kind =
      content::how_to_read(types_of(head.fields), head.fields.find(http::Name::content_disposition));
  const auto book = content::shipped_phrase_book();
  if (!kind || !book) return nullptr;
  return std::make_unique<ContentGate>(connection, judgement, request, *kind, head, *book);
}

ContentGate::ContentGate(Connection& connection, const Judgement& judgement, const rules::Request& request,
                         content::TextKind kind, const http::ResponseHead& head,
                         std::shared_ptr<const content::PhraseBook> book)
    : connection_(connection),
      judgement_(judgement),
      request_(request),
      reader_(std::in_place, std::move(book), kind, types_of(head.fields), codings_of(head.fields)),
      windows_(windows_of(codings_of(head.fields))),
      of_client_(connection.worker.gateway().clients.account_of(connection.peer.address),
                 connection.worker.limits().client.bytes),
      of_worker_(connection.worker.reading(), kWorkersShare),
      lacks_beginning_(lacks_beginning(head)) {}

net::awaitable<ContentGate::Held> ContentGate::hold(net::Socket& upstream, Inbox& inbox, net::BufferPool& buffers,
                                                    http::Body& body, std::chrono::seconds idle) {
  const auto until = std::chrono::steady_clock::now() + kHeldFor;
  const Alarm alarm(upstream, until);
  if (lacks_beginning_ && !judge()) co_return Held::refused;
  for (;;) {
    if (!inbox.empty()) {
      co_await wait_for_room(inbox.bytes().size());
      const Held now = take(inbox, body);
      if (now != Held::part) co_return now;
      if (reader_->text_bytes() >= kHeldText || held_.size() >= kHeldBytes) co_return Held::part;
    }
    if (std::chrono::steady_clock::now() >= until) co_return Held::part;
    if (!inbox.empty()) continue;
    upstream.expire_after(idle);
    const IoStatus ready = co_await upstream.wait_readable();
    if (ready != IoStatus::ok) co_return Held::part;  // the time is up, or the pump will find what is wrong
    inbox.prepare_relay(buffers);
    const net::Transfer got = inbox.receive(upstream);
    if (inbox.empty()) inbox.release();
    if (got.status == IoStatus::closed && body.framing == http::Framing::until_close) {
      body = {};
      co_return finish() ? Held::whole : Held::refused;
    }
    if (got.status != IoStatus::ok && got.status != IoStatus::would_block) co_return Held::part;
  }
}

// What has come, out of its framing.
ContentGate::Held ContentGate::take(Inbox& inbox, http::Body& body) {
  std::size_t size = inbox.bytes().size(), consumed = size;
  bool whole = false;
  if (body.framing == http::Framing::length) {
    size = consumed = std::size_t(std::min<std::uint64_t>(body.length, size));
    body.length -= size;
    whole = body.length == 0;
  } else if (body.framing == http::Framing::chunked) {
    const auto step = decoder_.decode(inbox.mutable_bytes());
    if (step.status == http::ChunkDecoder::Status::bad) return Held::broken;
    size = step.decoded;
    consumed = step.consumed;
    whole = step.status == http::ChunkDecoder::Status::finished;
  }
  const std::string_view content = inbox.bytes().substr(0, size);
  held_ += content;
  const bool goes_on = reads(content);
  inbox.consume(consumed);
  if (!goes_on || (whole && !finish())) return Held::refused;
  return whole ? Held::whole : Held::part;
}

std::string ContentGate::take_held(bool chunked, bool whole) {
  std::string content = std::exchange(held_, {});
  if (!chunked) return content;
  std::array<char, 20> room;
  std::string framed;
  if (!content.empty()) {
    framed += http::chunk_size_line(content.size(), room);
    framed += content;
    framed += "\r\n";
  }
  if (whole) framed += "0\r\n" + decoder_.trailers() + "\r\n";
  return framed;
}

bool ContentGate::reads(std::string_view content) {
  if (!affords(content.size())) {
    unaffordable_ = true;
    connection_.worker.counters().shed_bytes.add();
    return judge();
  }
  came_ += content.size();
  reader_->feed(content);
  return judge();
}

bool ContentGate::finish() {
  if (!reader_) return !refusing_;
  reader_->finish();
  const bool passes = judge();
  reader_.reset();
  return passes;
}

bool ContentGate::affords(std::size_t more) {
  // As far as a decoder follows a stranger (content_coding.h): a megabyte in any case, then 300 for one.
  const std::uint64_t inflated = (1u << 20) + 300 * (came_ + more);
  const std::uint64_t holds = held_.size() + std::min(windows_, inflated);
  return of_client_.holds(holds) && of_worker_.holds(holds);
}

net::awaitable<void> ContentGate::wait_for_room(std::size_t more) {
  const auto until = std::chrono::steady_clock::now() + kWaitsForRoom;
  while (!affords(more) && std::chrono::steady_clock::now() < until) {
    net::Timer timer(connection_.worker.executor());
    timer.expires_after(std::chrono::milliseconds(50));
    co_await timer.async_wait(net::as_tuple);
  }
}

bool ContentGate::judge() {
  if (refusing_) return false;
  const bool incomplete = lacks_beginning_ || unaffordable_ || reader_->is_bomb() || reader_->is_incomplete();
  if (!reader_->changed() && !incomplete) return true;
  const auto evidence = reader_->evidence();
  std::vector<rules::ContentScore> scores;
  for (const content::CategoryEvidence& one : evidence) scores.push_back({one.category, one.score});
  Asking& asking = connection_.worker.asking();
  auto found = asking.judges_content(connection_, judgement_, request_, {.scores = scores, .incomplete = incomplete});
  if (!found) return true;
  found->evidence = told();
  const bool refuses = found->verdict_refuses();
  // Once for a page that is let through, however often its evidence changes, and once more when it is refused.
  if (refuses || !recorded_)
    connection_.worker.counters().count_decision(found->verdict.action, rules::Stage::content, 0);
  if (refuses) {
    refusing_ = std::move(found);
    return false;
  }
  if (!std::exchange(recorded_, true)) file_later(connection_.worker, breach_of(*found, request_, {}));
  return true;
}

// "self-harm 140 at 12, 430 (cut myself, hide cuts)": words only where the group keeps them.
std::string ContentGate::told() const {
  static constexpr std::size_t kCategories = 4;
  const bool words = judgement_.policy->keeps_words(judgement_.subject.group);
  std::string text;
  for (const content::CategoryEvidence& one : reader_->evidence()) {
    if (std::ranges::count(text, ';') + 1 == std::ptrdiff_t(kCategories)) break;
    text += (text.empty() ? "" : "; ") + std::string(one.category) + " " + std::to_string(one.score) + " at";
    for (std::size_t i = 0; i < one.positions.size(); ++i)
      text += (i == 0 ? " " : ", ") + std::to_string(one.positions[i]);
    if (!words) continue;
    std::string said;
    for (const std::uint32_t phrase : one.phrases)
      for (const std::string& part : reader_->book().phrases()[phrase].parts)
        said += (said.empty() ? "" : ", ") + std::string(trimmed(part));
    text += " (" + said + ")";
  }
  return text;
}

}  // namespace schoolgate::flow
