#include "config/yaml_edit.h"

#include <algorithm>
#include <cstdio>
#include <optional>

#include "config/plain_text.h"
#include "config/yaml_text.h"

namespace schoolgate::config {
namespace {

using NodeKind = YamlNode::Kind;

constexpr std::string_view kEditByHand = "edit the file by hand";
constexpr auto kNone = std::string_view::npos;

std::unexpected<Error> refused(std::string what) {
  return fail(Fault::client, std::move(what), std::string(kEditByHand));
}

/// Bytes [begin, end) become `text`.
struct Splice {
  std::size_t begin = 0, end = 0;
  std::string text;
};

std::string spliced(std::string_view text, std::vector<Splice> splices) {
  std::ranges::sort(splices, {}, &Splice::begin);
  std::string out;
  std::size_t at = 0;
  for (const Splice& splice : splices) {
    out.append(text.substr(at, splice.begin - at)).append(splice.text);
    at = splice.end;
  }
  return out.append(text.substr(at));
}

// --- what is written -----------------------------------------------------------------------------------------------

bool is_plain(std::string_view text) {
  if (text.empty() || text.size() > 200) return false;
  const auto letter_or_digit = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  if (!letter_or_digit(text.front()) || !letter_or_digit(text.back())) return false;
  for (const char c : text)
    if (!letter_or_digit(c) && c != '-' && c != '.' && c != '_' && c != '/') return false;
  for (const char* word :
       {"true", "false", "null", "yes", "no", "on", "off", "y", "n", "True", "False", "Null", "TRUE", "FALSE", "NULL"})
    if (text == word) return false;
  return true;
}

std::string as_yaml_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      char code[8];
      std::snprintf(code, sizeof code, "\\x%02x", unsigned(byte));
      out += code;
    } else {
      out += c;
    }
  }
  return out + '"';
}

bool is_quoted(const NewValue& value) { return value.kind == NewValue::Kind::text && !is_plain(value.text); }

std::string rendered(const NewValue& value) {
  std::string out;
  switch (value.kind) {
    case NewValue::Kind::word: return value.text;
    case NewValue::Kind::text: return is_plain(value.text) ? value.text : as_yaml_string(value.text);
    case NewValue::Kind::list:
      for (const NewValue& item : value.items) out += (out.empty() ? "" : ", ") + rendered(item);
      return "[" + out + "]";
    case NewValue::Kind::mapping:
      for (const auto& [key, of_key] : value.entries)
        out += (out.empty() ? "" : ", ") + rendered(NewValue::of_text(key)) + ": " + rendered(of_key);
      return out.empty() ? "{}" : "{ " + out + " }";
  }
  return out;
}

// --- what the tree is to be afterwards -----------------------------------------------------------------------------

YamlNode node_of(const NewValue& value) {
  YamlNode node;
  node.kind = value.kind == NewValue::Kind::list      ? NodeKind::list
              : value.kind == NewValue::Kind::mapping ? NodeKind::mapping
                                                      : NodeKind::scalar;
  node.quoted = is_quoted(value);
  node.text = value.text;
  for (const NewValue& item : value.items) node.items.push_back(node_of(item));
  for (const auto& [key, of_key] : value.entries)
    node.entries.push_back({node_of(NewValue::of_text(key)), node_of(of_key)});
  return node;
}

/// The same in meaning: places do not count.
bool same(const YamlNode& a, const YamlNode& b) {
  if (a.kind != b.kind || a.quoted != b.quoted || a.text != b.text || a.items.size() != b.items.size() ||
      a.entries.size() != b.entries.size())
    return false;
  for (std::size_t i = 0; i < a.items.size(); ++i)
    if (!same(a.items[i], b.items[i])) return false;
  for (std::size_t i = 0; i < a.entries.size(); ++i)
    if (!same(a.entries[i].key, b.entries[i].key) || !same(a.entries[i].value, b.entries[i].value)) return false;
  return true;
}

// --- where things stand --------------------------------------------------------------------------------------------

/// A value on its way from the root.
struct Step {
  const YamlNode* node = nullptr;
  const YamlNode* key = nullptr;  ///< of a mapping's entry
  std::size_t index = 0;          ///< of an entry or item
  bool in_flow = false;           ///< it stands inside brackets
};

bool is_flow(const YamlText& text, const YamlNode& node) {
  if (node.kind != NodeKind::list && node.kind != NodeKind::mapping) return false;
  const auto begin = text.begin_of(node);
  return begin && (text.at(*begin) == '{' || text.at(*begin) == '[');
}

/// The root and every value of `path` as far as it is there; as many steps more as parts that were found.
Result<std::vector<Step>> walk(const YamlText& text, const YamlNode& root, const YamlPath& path) {
  std::vector<Step> steps{{.node = &root}};
  for (std::size_t i = 0; i < path.size(); ++i) {
    const YamlNode& here = *steps.back().node;
    const bool in_flow = steps.back().in_flow || is_flow(text, here);
    if (const auto* index = std::get_if<std::size_t>(&path[i])) {
      if (here.kind != NodeKind::list || *index >= here.items.size())
        return fail(Fault::client, "there is no " + to_text({path.begin(), path.begin() + std::ptrdiff_t(i) + 1}));
      steps.push_back({.node = &here.items[*index], .index = *index, .in_flow = in_flow});
      continue;
    }
    const std::string& key = std::get<std::string>(path[i]);
    if (here.kind == NodeKind::null) return steps;
    if (here.kind != NodeKind::mapping)
      return fail(Fault::client, to_text({path.begin(), path.begin() + std::ptrdiff_t(i)}) + " is no mapping");
    std::optional<std::size_t> found;
    for (std::size_t e = 0; e < here.entries.size(); ++e)
      if (here.entries[e].key.text == key) {
        if (found) return refused("the key '" + printable(key) + "' stands twice");
        found = e;
      }
    if (!found) return steps;
    steps.push_back(
        {.node = &here.entries[*found].value, .key = &here.entries[*found].key, .index = *found, .in_flow = in_flow});
  }
  return steps;
}

/// The colon behind a key.
std::optional<std::size_t> colon_of(const YamlText& text, const YamlNode& key, bool in_flow) {
  const auto begin = text.begin_of(key);
  if (!begin) return std::nullopt;
  const std::size_t end = text.next_token(text.behind(*begin, in_flow));
  if (text.at(end) != ':') return std::nullopt;
  return end;
}

/// Behind everything of an entry or item inside brackets.
std::optional<std::size_t> behind_in_flow(const YamlText& text, const YamlNode* key, const YamlNode& value) {
  if (key) {
    const auto colon = colon_of(text, *key, true);
    if (!colon) return std::nullopt;
    std::size_t begin = text.next_token(*colon + 1);
    if (text.at(begin) == ',' || text.at(begin) == '}') return *colon + 1;  // no value
    while (text.at(begin) == '&' || text.at(begin) == '!') begin = text.next_token(text.behind_plain(begin, true));
    return text.behind(begin, true);
  }
  const auto begin = text.begin_of(value);
  if (!begin) return std::nullopt;
  return text.behind(*begin, true);
}

// --- the edits -----------------------------------------------------------------------------------------------------

Result<YamlNode> parse(std::string_view yaml) {
  Problems problems;
  auto root = parse_yaml(yaml, "this file", problems);
  if (!root)
    return fail(Fault::config, problems.empty() ? "no YAML" : problems.front().text(), std::string(kEditByHand));
  return std::move(*root);
}

/// Nothing else than what was meant.
Result<std::string> checked(std::string_view before, std::vector<Splice> splices, const YamlNode& meant) {
  std::string after = spliced(before, std::move(splices));
  const auto read = parse(after);
  if (!read) return refused("the edit would leave no YAML (" + read.error().what + ")");
  if (!same(*read, meant))
    return refused("the edit would change something else too: an anchor, a layout that is not understood");
  return after;
}

/// In an expected tree: the value at the same path.
YamlNode* at_path(YamlNode& root, const std::vector<Step>& steps, std::size_t depth) {
  YamlNode* node = &root;
  for (std::size_t i = 1; i <= depth; ++i)
    node = steps[i].key ? &node->entries[steps[i].index].value : &node->items[steps[i].index];
  return node;
}

NewValue nested(const YamlPath& path, std::size_t from, const NewValue& value) {
  NewValue out = value;
  for (std::size_t i = path.size(); i-- > from;) {
    NewValue outer{.kind = NewValue::Kind::mapping};
    outer.entries.emplace_back(std::get<std::string>(path[i]), std::move(out));
    out = std::move(outer);
  }
  return out;
}

/// A line of its own behind a block, at `line`.
Splice new_line(const YamlText& text, std::size_t line, const std::string& content) {
  const std::size_t at = text.line_begin(line);
  const bool open_end = at == text.size() && at > 0 && text.at(at - 1) != '\n';
  return {at, at, open_end ? text.eol() + content : content + text.eol()};
}

std::string spaces(std::size_t count) { return std::string(count, ' '); }

/// Adds "key: value" to the mapping at the last step.
Result<std::vector<Splice>> add_entry(const YamlText& text, const std::vector<Step>& steps, const std::string& key,
                                      const NewValue& value) {
  const Step& step = steps.back();
  const YamlNode& map = *step.node;
  const std::string entry = rendered(NewValue::of_text(key)) + ": " + rendered(value);
  if (step.in_flow || is_flow(text, map)) {
    const auto begin = text.begin_of(map);
    if (!begin || text.at(*begin) != '{') return refused("no place for '" + key + "'");
    if (map.entries.empty()) return std::vector<Splice>{{*begin + 1, text.behind(*begin, true) - 1, " " + entry + " "}};
    const auto behind = behind_in_flow(text, &map.entries.back().key, map.entries.back().value);
    if (!behind) return refused("the layout of '" + printable(map.entries.back().key.text) + "' is not understood");
    return std::vector<Splice>{{*behind, *behind, ", " + entry}};
  }
  if (map.kind == NodeKind::null) {
    if (steps.size() == 1) return std::vector<Splice>{new_line(text, text.lines(), entry)};  // a file of comments
    const auto colon = step.key ? colon_of(text, *step.key, false) : std::nullopt;
    if (!colon) return refused("no place for '" + key + "'");
    return std::vector<Splice>{{*colon + 1, *colon + 1, " { " + entry + " }"}};
  }
  const auto begin = text.begin_of(map.entries.back().key);
  if (!begin) return refused("no place for '" + key + "'");
  const std::size_t column = *begin - text.line_begin(text.line_of(*begin));
  const std::size_t last = std::max(text.line_of(*begin), last_line_of(text, map.entries.back().value));
  const std::size_t behind = line_behind_block(text, last, column, true);
  return std::vector<Splice>{new_line(text, behind, spaces(std::size_t(map.entries.back().key.column) - 1) + entry)};
}

/// Adds an item to the list at the last step.
Result<std::vector<Splice>> add_item(const YamlText& text, const std::vector<Step>& steps, const NewValue& value) {
  const Step& step = steps.back();
  const YamlNode& list = *step.node;
  if (step.in_flow || is_flow(text, list)) {
    const auto begin = text.begin_of(list);
    if (!begin || text.at(*begin) != '[') return refused("no place for a new item");
    if (!list.items.empty()) {
      const auto behind = behind_in_flow(text, nullptr, list.items.back());
      if (!behind) return refused("the layout of the last item is not understood");
      return std::vector<Splice>{{*behind, *behind, ", " + rendered(value)}};
    }
    // An empty list of rules becomes one with a line for each.
    const std::size_t end = text.behind(*begin, true);
    if (!step.in_flow && step.key && value.kind == NewValue::Kind::mapping &&
        text.line(text.line_of(*begin)).substr(end - text.line_begin(text.line_of(*begin))).find_first_not_of(" \t") ==
            kNone) {
      const auto colon = colon_of(text, *step.key, false);
      if (colon && text.line_of(*colon) == text.line_of(*begin))
        return std::vector<Splice>{
            {*colon + 1, end, text.eol() + spaces(std::size_t(step.key->column) + 1) + "- " + rendered(value)}};
    }
    return std::vector<Splice>{{*begin + 1, end - 1, rendered(value)}};
  }
  if (list.kind == NodeKind::null) {
    if (!step.key) return refused("no place for a new item");
    const auto colon = colon_of(text, *step.key, false);
    if (!colon) return refused("no place for a new item");
    return std::vector<Splice>{
        new_line(text, text.line_of(*colon) + 1, spaces(std::size_t(step.key->column) + 1) + "- " + rendered(value))};
  }
  const std::size_t column = std::size_t(list.column) - 1;
  const auto begin = text.begin_of(list.items.back());
  if (!begin) return refused("no place for a new item");
  std::size_t line = text.line_of(*begin);
  while (line > 0 && (text.line(line).size() <= column || text.line(line)[column] != '-')) --line;
  return std::vector<Splice>{
      new_line(text, line_behind_block(text, std::max(line, last_line_of(text, list.items.back())), column),
               spaces(column) + "- " + rendered(value))};
}

/// What takes an entry or item out of brackets.
Result<std::vector<Splice>> cut_from_flow(const YamlText& text, const YamlNode* key, const YamlNode& value,
                                          const YamlNode* key_before, const YamlNode* before) {
  const auto begin = text.begin_of(key ? *key : value);
  const auto behind = behind_in_flow(text, key, value);
  if (!begin || !behind) return refused("the layout is not understood");
  std::size_t end = *behind;
  const std::size_t next = text.next_token(end);
  const std::size_t line_begin = text.line_begin(text.line_of(*begin));
  const bool first_on_line = is_blank_line(text.all().substr(line_begin, *begin - line_begin));
  const char behind_comma = text.at(next) == ',' ? text.at(text.next_token(next + 1)) : '\0';
  const bool last = behind_comma == ']' || behind_comma == '}';  // a comma at the end belongs to whatever is last
  if (text.at(next) == ',' && !(last && before)) {
    if (text.line_of(next) != text.line_of(end)) return refused("the layout is not understood");
    end = next + 1;
    while (is_blank(text.at(end))) ++end;
    if (first_on_line && is_break(text.at(end)))  // alone on its line
      return std::vector<Splice>{{line_begin, text.line_begin(text.line_of(end) + 1), ""}};
    return std::vector<Splice>{{*begin, end, ""}};
  }
  if (!before) {  // the only one
    const std::size_t closing = text.next_token(end);
    std::size_t opening = *begin;
    while (opening > 0 && is_blank(text.at(opening - 1))) --opening;
    if (closing == end || is_blank_line(text.all().substr(end, closing - end))) end = closing;
    return std::vector<Splice>{{opening, end, ""}};
  }
  const auto behind_before = behind_in_flow(text, key_before, *before);
  if (!behind_before) return refused("the layout is not understood");
  const std::size_t comma = text.next_token(*behind_before);
  if (text.at(comma) != ',') return refused("the layout is not understood");
  std::size_t from = *begin;
  while (from > comma + 1 && is_blank(text.at(from - 1))) --from;
  if (first_on_line && is_break(text.at(end)))
    return std::vector<Splice>{{comma, comma + 1, ""}, {line_begin, text.line_begin(text.line_of(end) + 1), ""}};
  return std::vector<Splice>{{comma, comma + 1, ""}, {from, end, ""}};
}

/// What takes an entry or item that stands on lines of its own out of a block.
Result<std::vector<Splice>> cut_from_block(const YamlText& text, const std::vector<Step>& steps) {
  const Step& step = steps.back();
  const Step& parent = steps[steps.size() - 2];
  const bool is_entry = step.key != nullptr;
  const std::size_t column = is_entry ? std::size_t(step.key->column) - 1 : std::size_t(parent.node->column) - 1;
  const auto begin = text.begin_of(is_entry ? *step.key : *step.node);
  if (!begin) return refused("the layout is not understood");
  std::size_t line = text.line_of(*begin);
  if (!is_entry)
    while (line > 0 && (text.line(line).size() <= column || text.line(line)[column] != '-')) --line;
  const std::string_view one = text.line(line);
  if (!is_blank_line(one.substr(0, column))) {
    // "- site: x": the first of a mapping that begins behind a dash.
    if (!is_entry || step.index != 0 || parent.node->entries.size() < 2)
      return refused("it does not stand on a line of its own");
    const auto next = text.begin_of(parent.node->entries[1].key);
    const std::size_t behind = text.line_begin(line_behind_block(text, line, column, true));
    if (!next || text.line_begin(text.line_of(*next)) != behind)
      return refused("it does not stand on a line of its own");
    return std::vector<Splice>{{*begin, *next, ""}};
  }
  const std::size_t behind = line_behind_block(text, std::max(line, last_line_of(text, *step.node)), column, is_entry);
  std::vector<Splice> splices{{text.line_begin(line), text.line_begin(behind), ""}};
  // At the end of a file that ends without a line end, the line before it is the last one now.
  if (behind == text.lines() && text.size() > 0 && text.at(text.size() - 1) != '\n' && line > 0) {
    std::size_t from = text.line_begin(line) - 1;
    if (from > 0 && text.at(from - 1) == '\r') --from;
    splices.front().begin = from;
  }
  const std::size_t siblings = is_entry ? parent.node->entries.size() : parent.node->items.size();
  if (siblings > 1) return splices;
  // Nothing would be left: the place where it stood says so.
  const char* const nothing = is_entry ? " {}" : " []";
  if (!parent.key)
    return steps.size() == 2 && is_entry ? Result<std::vector<Splice>>(splices) : refused("nothing would be left");
  const auto colon = colon_of(text, *parent.key, false);
  if (!colon) return refused("the layout is not understood");
  splices.push_back({*colon + 1, *colon + 1, nothing});
  return splices;
}

}  // namespace

NewValue NewValue::of_texts(const std::vector<std::string>& texts) {
  NewValue list{.kind = Kind::list};
  for (const std::string& text : texts) list.items.push_back(of_text(text));
  return list;
}

std::string to_text(const YamlPath& path) {
  std::string out;
  for (const auto& part : path)
    if (const auto* index = std::get_if<std::size_t>(&part))
      out += "[" + std::to_string(*index) + "]";
    else
      out += (out.empty() ? "" : ".") + printable(std::get<std::string>(part));
  return out;
}

Result<std::string> set_value(std::string_view yaml, const YamlPath& path, const NewValue& value) {
  auto root = parse(yaml);
  if (!root) return std::unexpected(std::move(root.error()));
  const YamlText text(yaml);
  const auto steps = walk(text, *root, path);
  if (!steps) return std::unexpected(steps.error());
  YamlNode meant = *root;
  const std::size_t found = steps->size() - 1;
  if (found < path.size()) {  // a key that is not there
    for (std::size_t i = found; i < path.size(); ++i)
      if (!std::holds_alternative<std::string>(path[i])) return fail(Fault::client, "there is no " + to_text(path));
    const std::string& key = std::get<std::string>(path[found]);
    const NewValue entry = nested(path, found + 1, value);
    const auto splices = add_entry(text, *steps, key, entry);
    if (!splices) return std::unexpected(splices.error());
    YamlNode* const map = at_path(meant, *steps, found);
    map->kind = NodeKind::mapping;
    map->entries.push_back({node_of(NewValue::of_text(key)), node_of(entry)});
    return checked(yaml, *splices, meant);
  }
  const Step& step = steps->back();
  *at_path(meant, *steps, found) = node_of(value);
  if (step.node->kind == NodeKind::null) {
    const auto colon = step.key ? colon_of(text, *step.key, step.in_flow) : std::nullopt;
    if (!colon) return refused("no place for the value of " + to_text(path));
    // "~" and "null" are written out; nothing at all is not.
    const auto begin = text.begin_of(*step.node);
    if (begin && *begin > *colon && text.line_of(*begin) == text.line_of(*colon) &&
        (text.at(*begin) == '~' || text.all().substr(*begin, 4) == "null"))
      return checked(yaml, {{*begin, text.behind_plain(*begin, step.in_flow), rendered(value)}}, meant);
    return checked(yaml, {{*colon + 1, *colon + 1, " " + rendered(value)}}, meant);
  }
  const auto begin = text.begin_of(*step.node);
  if (!begin) return refused("the layout of " + to_text(path) + " is not understood");
  const char first = text.at(*begin);
  if (step.node->kind != NodeKind::scalar && first != '{' && first != '[')
    return refused(to_text(path) + " is more than one value");
  if (step.node->kind == NodeKind::scalar && (first == '|' || first == '>') && step.node->quoted)
    return refused(to_text(path) + " is a text of several lines");
  const std::size_t end = text.behind(*begin, step.in_flow);
  if (step.node->kind == NodeKind::scalar && !step.node->quoted &&
      text.all().substr(*begin, end - *begin) != step.node->text)
    return refused(to_text(path) + " is a text of several lines, or another's by its anchor");
  return checked(yaml, {{*begin, end, rendered(value)}}, meant);
}

Result<std::string> append_item(std::string_view yaml, const YamlPath& path, const NewValue& value) {
  auto root = parse(yaml);
  if (!root) return std::unexpected(std::move(root.error()));
  const YamlText text(yaml);
  const auto steps = walk(text, *root, path);
  if (!steps) return std::unexpected(steps.error());
  const std::size_t found = steps->size() - 1;
  YamlNode meant = *root;
  if (found < path.size()) {
    // A list of rules gets lines of its own at the end of the file; one deeper down stands in brackets.
    NewValue list{.kind = NewValue::Kind::list};
    list.items.push_back(value);
    if (found != 0 || path.size() != 1 || is_flow(text, *root)) return set_value(yaml, path, list);
    const std::string key = std::get<std::string>(path.front());
    const std::string lines = rendered(NewValue::of_text(key)) + ":" + text.eol() + "  - " + rendered(value);
    meant.kind = NodeKind::mapping;
    meant.entries.push_back({node_of(NewValue::of_text(key)), node_of(list)});
    return checked(yaml, {new_line(text, text.lines(), lines)}, meant);
  }
  if (steps->back().node->kind != NodeKind::list && steps->back().node->kind != NodeKind::null)
    return fail(Fault::client, to_text(path) + " is no list");
  const auto splices = add_item(text, *steps, value);
  if (!splices) return std::unexpected(splices.error());
  YamlNode* const list = at_path(meant, *steps, found);
  list->kind = NodeKind::list;
  list->items.push_back(node_of(value));
  return checked(yaml, *splices, meant);
}

Result<std::string> remove_value(std::string_view yaml, const YamlPath& path) {
  auto root = parse(yaml);
  if (!root) return std::unexpected(std::move(root.error()));
  const YamlText text(yaml);
  const auto steps = walk(text, *root, path);
  if (!steps) return std::unexpected(steps.error());
  if (steps->size() - 1 < path.size() || path.empty()) return fail(Fault::client, "there is no " + to_text(path));
  const Step& step = steps->back();
  const Step& parent = (*steps)[steps->size() - 2];
  YamlNode meant = *root;
  YamlNode* const holder = at_path(meant, *steps, steps->size() - 2);
  Result<std::vector<Splice>> splices;
  if (step.in_flow) {
    const bool first = step.index == 0;
    const YamlNode* const key_before = first || !step.key ? nullptr : &parent.node->entries[step.index - 1].key;
    const YamlNode* const before = first      ? nullptr
                                   : step.key ? &parent.node->entries[step.index - 1].value
                                              : &parent.node->items[step.index - 1];
    splices = cut_from_flow(text, step.key, *step.node, key_before, before);
  } else {
    splices = cut_from_block(text, *steps);
  }
  if (!splices) return std::unexpected(splices.error());
  if (step.key)
    holder->entries.erase(holder->entries.begin() + std::ptrdiff_t(step.index));
  else
    holder->items.erase(holder->items.begin() + std::ptrdiff_t(step.index));
  if (steps->size() == 2 && step.key && holder->entries.empty() && !step.in_flow) holder->kind = NodeKind::null;
  return checked(yaml, *splices, meant);
}

}  // namespace schoolgate::config
