#include "app/inspection_seen.h"

#include <charconv>

#include "app/control_plane.h"
#include "app/shared_connections.h"
#include "app/table.h"

namespace schoolgate::app {
namespace {

using Note = flow::DistrustNotes::Note;

/// The line up to its end and without it; `text` goes on behind it.
std::string_view take_until(std::string_view& text, char end) {
  const std::size_t at = text.find(end);
  const std::string_view taken = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return taken;
}

std::optional<std::uint64_t> read_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<Note> read_note(std::string_view line) {
  const std::string_view host = take_until(line, '\t');
  const auto times = read_number(take_until(line, '\t'));
  const auto first = from_rfc3339(take_until(line, '\t'));
  const auto last = from_rfc3339(line);
  if (host.empty() || !times || !first || !last) return std::nullopt;
  return Note{.host = std::string(host), .times = *times, .first = *first, .last = *last};
}

}  // namespace

std::string distrust_lines(const std::vector<Note>& notes) {
  std::string lines;
  for (const Note& note : notes)
    lines += note.host + '\t' + std::to_string(note.times) + '\t' + to_rfc3339(note.first) + '\t' +
             to_rfc3339(note.last) + '\n';
  return lines;
}

std::vector<Note> read_distrust_lines(std::string_view text) {
  std::vector<Note> notes;
  while (!text.empty())
    if (auto note = read_note(take_until(text, '\n'))) notes.push_back(std::move(*note));
  return notes;
}

std::string share_line(const OpenedShare& share) {
  return std::to_string(share.inspected) + '\t' + std::to_string(share.spliced) + '\n';
}

std::optional<OpenedShare> read_share_line(std::string_view text) {
  const auto inspected = read_number(take_until(text, '\t'));
  const auto spliced = read_number(take_until(text, '\n'));
  if (!inspected || !spliced) return std::nullopt;
  return OpenedShare{*inspected, *spliced};
}

std::optional<InspectionSeen> ask_what_was_seen(const std::filesystem::path& state) {
  const auto opened = ask_running_gateway(state, "opened");
  if (!opened || !opened->done) return std::nullopt;
  const auto share = read_share_line(opened->text);
  const auto distrusted = ask_running_gateway(state, "distrust");
  if (!share || !distrusted || !distrusted->done) return std::nullopt;
  const auto shared = ask_running_gateway(state, "shared");
  return InspectionSeen{
      *share, read_distrust_lines(distrusted->text),
      shared && shared->done ? read_shared_lines(shared->text) : std::vector<flow::CertificateNames::Unwatched>()};
}

std::string seen_text(const InspectionSeen& seen) {
  const OpenedShare& share = seen.share;
  const std::uint64_t all = share.inspected + share.spliced;
  std::string text = "since the gateway's start\n  ";
  if (all == 0)
    text += "no TLS connection yet\n";
  else
    text += std::to_string(share.inspected) + " of " + counted(all, "connection", "connections") + " opened (" +
            std::to_string((share.inspected * 200 + all) / (2 * all)) + " %)\n";
  for (const Note& note : seen.distrusted)
    text += "  Clients did not accept the certificate of: " + note.host + " (" + counted(note.times, "time", "times") +
            ", last " + to_rfc3339(note.last) + "): probably pinned, consider inspection.never\n";
  for (const auto& each : seen.shared)
    text += "  Not opened, although its connections can carry a refused site: " + each.host +
            " (its certificate covers " + each.sibling + ")\n";
  return text;
}

void write_seen(JsonWriter& json, const std::optional<InspectionSeen>& seen) {
  json.key("connections");
  if (!seen) {
    json.null().key("distrusted").null().key("shared").null();
    return;
  }
  json.begin_object()
      .field("inspected", seen->share.inspected)
      .field("spliced", seen->share.spliced)
      .end_object()
      .key("distrusted")
      .begin_array();
  for (const Note& note : seen->distrusted)
    json.begin_object()
        .field("host", note.host)
        .field("times", note.times)
        .field("first", to_rfc3339(note.first))
        .field("last", to_rfc3339(note.last))
        .end_object();
  json.end_array().key("shared").begin_array();
  for (const auto& each : seen->shared)
    json.begin_object().field("host", each.host).field("with", each.sibling).end_object();
  json.end_array();
}

}  // namespace schoolgate::app
