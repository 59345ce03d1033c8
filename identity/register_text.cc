#include "identity/register_text.h"

#include "base/ascii.h"
#include "base/json.h"

namespace schoolgate::identity {
namespace {

std::string shown(const std::optional<TimePoint>& time, const RegisterTimes& times) {
  if (!time) return {};
  return times.show ? times.show(*time) : to_rfc3339(*time);
}

std::string spaced(std::string text) {
  for (std::size_t at = text.find(','); at != text.npos; at = text.find(',', at + 2)) text.insert(at + 1, " ");
  return text;
}

void append_cell(std::string& out, std::string_view cell) {
  const bool formula = !cell.empty() && std::string_view("=+-@\t\r").contains(cell.front());
  const bool quoted = formula || cell.find_first_of(",\"\r\n") != cell.npos;
  if (quoted) out += '"';
  if (formula) out += '\'';
  for (const char c : cell) {
    if (c == '"') out += '"';
    out += c;
  }
  if (quoted) out += '"';
}

}  // namespace

RegisterTable register_table(const std::vector<AccessGrant>& grants, TimePoint now, const RegisterTimes& times) {
  RegisterTable table{.columns = {"No.", "Account", "Name", "Role", "Group", "Granted by", "From", "To", "State",
                                  "Closed", "Why", "By", "Note"},
                      .keys = {"id", "user", "name", "role", "group", "granted_by", "from", "to", "state", "closed",
                               "closed_why", "closed_by", "note"},
                      .rows = {}};
  for (const AccessGrant& grant : grants)
    table.rows.push_back({std::to_string(grant.id), grant.user, grant.name, std::string(to_string(grant.role)),
                          spaced(grant.group), grant.granted_by, shown(grant.from, times), shown(grant.until, times),
                          grant.is_open(now) ? "open" : "closed", shown(grant.closed, times), grant.closed_why,
                          grant.closed_by, grant.note});
  return table;
}

RegisterTable accounts_table(const std::vector<Account>& accounts, TimePoint now, const RegisterTimes& times) {
  RegisterTable table{.columns = {"Account", "Name", "Role", "Groups", "Password", "From", "To", "State"},
                      .keys = {"user", "name", "role", "groups", "password", "from", "to", "state"},
                      .rows = {}};
  for (const Account& account : accounts)
    table.rows.push_back({account.user, account.name, std::string(to_string(account.role)), joined(account.groups),
                          account.no_password             ? "needs none"
                          : account.password_hash.empty() ? "not set"
                                                          : "set",
                          shown(account.valid_from, times), shown(account.valid_until, times),
                          account.disabled     ? "off"
                          : account.holds(now) ? "on"
                                               : "not now"});
  return table;
}

RegisterTable classes_table(const std::vector<SchoolClass>& classes) {
  RegisterTable table{
      .columns = {"Class", "Title", "Picture", "Group"}, .keys = {"code", "title", "picture", "group"}, .rows = {}};
  for (const SchoolClass& one : classes) table.rows.push_back({one.code, one.title, one.picture, one.group});
  return table;
}

RegisterTable visits_table(const std::vector<Visit>& visits, TimePoint now, const RegisterTimes& times) {
  RegisterTable table{.columns = {"No.", "Visitor", "Host", "Purpose", "Code", "From", "To", "State"},
                      .keys = {"id", "name", "host", "purpose", "code", "from", "to", "state"},
                      .rows = {}};
  for (const Visit& visit : visits) {
    const bool open = !visit.closed && now < visit.until;
    table.rows.push_back({std::to_string(visit.id), visit.name, visit.host, visit.purpose, open ? visit.code : "",
                          shown(visit.from, times), shown(visit.until, times), open ? "open" : "closed"});
  }
  return table;
}

RegisterTable devices_table(const std::vector<RegisteredDevice>& devices) {
  RegisterTable table{.columns = {"Hardware address", "Name", "Owner", "Kind", "Judged by", "Note"},
                      .keys = {"mac", "name", "owner", "kind", "judged_by", "note"},
                      .rows = {}};
  for (const RegisteredDevice& device : devices)
    table.rows.push_back({device.mac, device.name, device.owner, device.kind,
                          device.by_name_only ? "name only" : "policy", device.note});
  return table;
}

RegisterTable terms_table(const std::vector<TermsAnswer>& answers, const RegisterTimes& times) {
  RegisterTable table{.columns = {"When", "Account", "Name", "Role", "Version", "Answer", "From address"},
                      .keys = {"time", "user", "name", "role", "version", "answer", "from"},
                      .rows = {}};
  for (const TermsAnswer& answer : answers)
    table.rows.push_back({shown(answer.when, times), answer.user, answer.name, std::string(to_string(answer.role)),
                          answer.version, answer.accepted ? "accepted" : "declined", answer.from.text()});
  return table;
}

std::string to_csv(const RegisterTable& table) {
  std::string out;
  const auto line = [&](const std::vector<std::string>& cells) {
    for (std::size_t i = 0; i < cells.size(); ++i) {
      if (i > 0) out += ',';
      append_cell(out, cells[i]);
    }
    out += "\r\n";
  };
  line(table.columns);
  for (const auto& row : table.rows) line(row);
  return out;
}

std::string to_json(const RegisterTable& table) {
  std::string out;
  JsonWriter json(out);
  json.begin_array();
  for (const auto& row : table.rows) {
    json.begin_object();
    for (std::size_t i = 0; i < row.size(); ++i) json.field(table.keys[i], row[i]);
    json.end_object();
  }
  json.end_array();
  return out;
}

}  // namespace schoolgate::identity
