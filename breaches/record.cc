#include "breaches/record.h"

#include <algorithm>
#include <span>

#include "base/json.h"

namespace schoolgate::breaches {
namespace {

// ,"name":"value" where `name` comes with its punctuation, so that one append writes it.
void append_names(std::string& out, std::string_view opening, const std::vector<std::string>& names) {
  out += opening;
  for (const std::string& name : names) {
    append_field(out, &name == names.data() ? "\"" : ",\"", name);
    out += '"';
  }
  out += ']';
}

// Of a withheld address the leading category alone: what else it is in could tell which one it is.
void append_categories(std::string& out, const rules::Citation& reason) {
  const std::span<const rules::SiteCategory> all = reason.categories;
  out += R"(,"categories":[)";
  for (const rules::SiteCategory& category :
       is_withheld(reason) ? all.first(std::min<std::size_t>(all.size(), 1)) : all) {
    append_field(out, &category == all.data() ? R"({"category":")" : R"(,{"category":")", category.id);
    append_names(out, R"(","lists":[)", category.lists);
    append_names(out, R"(,"rules":[)", category.rules);
    out += '}';
  }
  out += ']';
}

}  // namespace

std::string_view to_string(Initiated initiated) noexcept {
  switch (initiated) {
    case Initiated::user: return "user";
    case Initiated::page: return "page";
    case Initiated::unknown: break;
  }
  return "unknown";
}

std::string sealed_hash(const store::StateKey& key, std::string_view address) {
  return to_hex(key.sign("sealed address", address));
}

RecordWriter::RecordWriter(std::string_view school, std::string_view gateway, const store::StateKey& key) : key_(key) {
  append_field(place_, R"(,"school":")", school);
  append_field(place_, R"(","gateway":")", gateway);
  place_ += R"(","time":")";
}

void RecordWriter::write_sum(std::string& out, const Breach& breach) {
  out += R"(,"attempts":)";
  append_number(out, breach.attempts);
  out += R"(,"addresses":)";
  append_number(out, breach.addresses);
  if (!breach.since) return;
  out += R"(,"since":")";
  since_text_.append(out, *breach.since);
  out += '"';
}

void RecordWriter::write(std::string& out, const Breach& breach, std::uint64_t seq, std::string_view episode) {
  const rules::Citation& reason = breach.reason;
  const bool withheld = is_withheld(reason);
  out.clear();
  out += R"({"id":")";
  append_uuid(out, breach.id);
  out += R"(","seq":)";
  append_number(out, seq);
  out += place_;
  time_text_.append(out, breach.time);
  out += '"';
  if (breach.attempts > 1) write_sum(out, breach);
  append_field(out, R"(,"group":")", breach.group);
  if (breach.person) {
    append_field(out, R"(","person":")", *breach.person);
    out += '"';
  } else {
    out += R"(","person":null)";
  }
  append_field(out, R"(,"confidence":")", breach.confidence);
  append_field(out, R"(","device":")", breach.device);
  append_field(out, R"(","action":")", breach.action);
  append_field(out, R"(","category":")", reason.category);
  append_field(out, R"(","theme":")", reason.theme);
  out += R"(","urgency":)";
  append_number(out, reason.urgency);
  if (withheld) {
    out += R"(,"site":"sealed","url":"sealed","site_hash":")";
    out += sealed_hash(key_, breach.site);
    out += R"(","url_hash":")";
    out += sealed_hash(key_, breach.url);
  } else {
    append_field(out, R"(,"site":")", breach.site);
    out += R"(","url":")";
    append_redacted_url(out, breach.url);
    if (!breach.search.empty()) append_field(out, R"(","search":")", breach.search);
  }
  append_field(out, R"(","method":")", breach.method);
  append_field(out, R"(","stage":")", breach.stage);
  append_field(out, R"(","initiated":")", to_string(breach.initiated));
  append_field(out, R"(","reason":{"tier":")", reason.tier);
  // A rule's text holds its address; its FILE:LINE does not, and is what the technician needs.
  const std::string_view sealed = "sealed";
  append_field(out, R"(","rule":")", withheld && !reason.rule.empty() ? sealed : reason.rule);
  append_field(out, R"(","list":")", reason.list);
  append_field(out, R"(","entry":")", withheld ? sealed : reason.entry);
  append_field(out, R"(","source":")", withheld && reason.rule.empty() ? sealed : reason.source);
  append_field(out, R"(","policy_version":")", reason.policy_version);
  append_field(out, R"("},"policy_version":")", reason.policy_version);
  out += '"';
  append_categories(out, reason);
  append_field(out, R"(,"episode":")", episode);
  append_field(out, R"(","reference":")", breach.id.reference());
  out += '"';
}

}  // namespace schoolgate::breaches
