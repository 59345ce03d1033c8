#include "config/yaml_tree.h"

#include <yaml-cpp/emitterstyle.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <sstream>

#include "config/plain_text.h"
#include "config/yaml_mistakes.h"

namespace schoolgate::config {
namespace {

// yaml-cpp 0.8 ends this message with the anchor's name, 0.7 does not; the place says it anyhow.
std::string without_anchor(const std::string& message) {
  static constexpr std::string_view kUnknown = "the referenced anchor is not defined";
  return message.starts_with(kUnknown) ? std::string(kUnknown) : message;
}

/// Thrown through yaml-cpp's parser to stop it; caught in parse_yaml().
struct Refused {
  int line, column;
  std::string message, hint;
};

[[noreturn]] void refuse(const YAML::Mark& mark, std::string message, std::string hint = {}) {
  throw Refused{mark.line + 1, mark.column + 1, std::move(message), std::move(hint)};
}

std::size_t count_nodes(const YamlNode& node) {
  std::size_t count = 1;
  for (const YamlNode& item : node.items) count += count_nodes(item);
  for (const auto& [key, value] : node.entries) count += count_nodes(key) + count_nodes(value);
  return count;
}

std::size_t depth_of(const YamlNode& node) {
  std::size_t deepest = 0;
  for (const YamlNode& item : node.items) deepest = std::max(deepest, depth_of(item));
  for (const auto& [key, value] : node.entries) deepest = std::max({deepest, depth_of(key), depth_of(value)});
  return deepest + 1;
}

/// Builds the tree from the parser's events. An alias becomes a copy of what it names, counted in full.
class TreeBuilder final : public YAML::EventHandler {
 public:
  /// `text`: what the parser reads.
  explicit TreeBuilder(std::string_view text) : text_(text) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    YamlNode node = at(mark);
    finish(std::move(node), anchor, mark);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto named = anchors_.find(anchor);
    if (named == anchors_.end()) refuse(mark, "an alias inside the value that it names");
    if (open_.size() + named->second.depth > kMaxDepth) refuse(mark, too_deep());
    nodes_ += named->second.nodes;
    if (nodes_ > kMaxNodes) refuse(mark, too_many());
    place(named->second.node, mark);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    YamlNode node = at(mark);
    node.kind = YamlNode::Kind::scalar;
    node.quoted = tag == "!" || tag == "tag:yaml.org,2002:str";
    if (!node.quoted) check_tag(mark, tag);
    if (node.quoted) check_quote(mark);
    node.text = value;
    finish(std::move(node), anchor, mark);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    check_tag(mark, tag);
    open(YamlNode::Kind::list, mark, anchor);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    check_tag(mark, tag);
    open(YamlNode::Kind::mapping, mark, anchor);
  }
  void OnMapEnd() override { close(); }

  [[nodiscard]] YamlNode take_root() { return std::move(root_); }

 private:
  struct Open {
    YamlNode node;
    YAML::anchor_t anchor;
    YAML::Mark mark;
    std::optional<YamlNode> key;  ///< a mapping's key that waits for its value
  };
  struct Anchored {
    YamlNode node;
    std::size_t nodes, depth;
  };

  static std::string too_deep() { return "nested deeper than " + std::to_string(kMaxDepth) + " levels"; }
  static std::string too_many() {
    return "more than " + std::to_string(kMaxNodes) + " values, counting each use of an alias";
  }

  static YamlNode at(const YAML::Mark& mark) {
    YamlNode node;
    node.line = mark.line + 1;
    node.column = mark.column + 1;
    return node;
  }

  static void check_tag(const YAML::Mark& mark, const std::string& tag) {
    if (tag.empty() || tag == "?" || tag == "!" || tag.starts_with("tag:yaml.org,2002:")) return;
    refuse(mark, "a tag ('" + printable(tag) + "') means nothing here", "leave the tag out");
  }

  // The parser takes the end of the file for the end of a quoted text.
  void check_quote(const YAML::Mark& mark) {
    for (; line_ < mark.line && line_begin_ < text_.size(); ++line_)
      line_begin_ = std::min(text_.find('\n', line_begin_), text_.size() - 1) + 1;
    const std::size_t begin = line_begin_ + std::size_t(mark.column);
    if (line_ != mark.line) return;
    if (begin >= text_.size()) return;
    const char quote = text_[begin];
    if (quote != '"' && quote != '\'') return;
    for (std::size_t at = begin + 1; at < text_.size(); ++at) {
      if (quote == '"' && text_[at] == '\\')
        ++at;
      else if (text_[at] == quote && quote == '\'' && at + 1 < text_.size() && text_[at + 1] == quote)
        ++at;
      else if (text_[at] == quote)
        return;
    }
    refuse(mark, "the quote that begins here is not closed",
           std::string("end the text with ") + quote + " on the same line");
  }

  void count(const YAML::Mark& mark) {
    if (++nodes_ > kMaxNodes) refuse(mark, too_many());
  }

  void open(YamlNode::Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor) {
    count(mark);
    if (open_.size() >= kMaxDepth) refuse(mark, too_deep());
    YamlNode node = at(mark);
    node.kind = kind;
    open_.push_back({std::move(node), anchor, mark, std::nullopt});
  }

  void close() {
    Open done = std::move(open_.back());
    open_.pop_back();
    remember(done.node, done.anchor, done.mark);
    place(std::move(done.node), done.mark);
  }

  void finish(YamlNode node, YAML::anchor_t anchor, const YAML::Mark& mark) {
    count(mark);
    remember(node, anchor, mark);
    place(std::move(node), mark);
  }

  // Anchored copies are bounded like the tree itself: nested anchors would otherwise multiply.
  void remember(const YamlNode& node, YAML::anchor_t anchor, const YAML::Mark& mark) {
    if (anchor == YAML::NullAnchor) return;
    const std::size_t size = count_nodes(node);
    anchored_nodes_ += size;
    if (anchored_nodes_ > kMaxNodes) refuse(mark, too_many());
    anchors_.insert_or_assign(anchor, Anchored{node, size, depth_of(node)});
  }

  void place(YamlNode node, const YAML::Mark& mark) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& parent = open_.back();
    if (parent.node.kind == YamlNode::Kind::list) {
      parent.node.items.push_back(std::move(node));
    } else if (!parent.key) {
      if (node.kind != YamlNode::Kind::scalar)
        refuse(mark, "a key must be a word", "text that starts with a bracket needs quotes");
      parent.key = std::move(node);
    } else {
      parent.node.entries.push_back({std::move(*parent.key), std::move(node)});
      parent.key.reset();
    }
  }

  const std::string_view text_;
  int line_ = 0;  ///< the one that begins at line_begin_
  std::size_t line_begin_ = 0;
  YamlNode root_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, Anchored> anchors_;
  std::size_t nodes_ = 0, anchored_nodes_ = 0;
};

}  // namespace

std::optional<YamlNode> parse_yaml(std::string_view text, const std::string& file, Problems& problems) {
  const auto report = [&](int line, int column, std::string message, std::string hint) {
    problems.push_back({Problem::Severity::error, {file, line, column}, std::move(message), std::move(hint)});
  };
  if (const auto fault = find_text_fault(text)) {
    report(fault->line, fault->column, fault->message, fault->hint);
    return std::nullopt;
  }
  // The parser looks far ahead of brackets that do not close, before it tells anyone.
  const auto opens = [](char c) { return c == '[' || c == '{'; };
  if (std::size_t(std::ranges::count_if(text, opens)) > kMaxNodes) {
    report(0, 0, "more than " + std::to_string(kMaxNodes) + " brackets", {});
    return std::nullopt;
  }
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  try {
    std::istringstream in{std::string(text)};
    YAML::Parser parser(in);
    TreeBuilder builder(text);
    if (!parser.HandleNextDocument(builder)) return YamlNode{};
    TreeBuilder second(text);
    if (parser.HandleNextDocument(second)) {
      const YamlNode extra = second.take_root();
      report(extra.line, extra.column, "a second YAML document", "one file holds one document: remove the '---'");
      return std::nullopt;
    }
    return builder.take_root();
  } catch (const Refused& refused) {
    report(refused.line, refused.column, refused.message, refused.hint);
  } catch (const YAML::Exception& error) {
    const bool placed = !error.mark.is_null();
    if (placed)
      if (auto mistake = find_yaml_mistake(text, error.mark.line + 1, error.mark.column + 1, error.msg)) {
        report(mistake->line, mistake->column, std::move(mistake->message), std::move(mistake->hint));
        return std::nullopt;
      }
    report(placed ? error.mark.line + 1 : 0, placed ? error.mark.column + 1 : 0,
           "not valid YAML: " + printable(without_anchor(error.msg)), {});
  } catch (const std::exception& error) {
    report(0, 0, std::string("the YAML reader failed: ") + printable(error.what()), {});
  }
  return std::nullopt;
}

}  // namespace schoolgate::config
