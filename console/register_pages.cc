// The registers: who has access, accounts, visitors, devices, classes, answers to the terms of use, and who is signed
// in now. To look at, print and export; they are kept with `schoolgate people` and by the sign-in page.
#include "identity/register_text.h"

#include <algorithm>

#include "casework/shown_text.h"
#include "console/desk.h"
#include "console/table_page.h"
#include "identity/access_register.h"
#include "identity/accounts.h"
#include "identity/classes.h"
#include "identity/device_register.h"
#include "identity/terms_record.h"
#include "identity/visits.h"

namespace schoolgate::console {

namespace {

struct Register {
  std::string_view name, words, intro;
};
constexpr std::array kRegisters{
    Register{"access", "Access",
             "The written record of granted access to the internet: person, author, beginning and end."},
    Register{"accounts", "Accounts", "Local accounts of the people whose access is filtered."},
    Register{"visitors", "Visitors", "Guests with access for a time, their host and purpose."},
    Register{"devices", "Devices", "The school's own and known devices."},
    Register{"classes", "Classes", "Classes that sign in with a picture."},
    Register{"terms", "Terms of use", "Accepted versions, with time and place."},
    Register{"sessions", "Signed in now", "People signed in now, with device and source."},
};

identity::RegisterTable sessions_table(const Desk& desk, const identity::SessionBook& sessions) {
  identity::RegisterTable table{.columns = {"Person", "Address", "Device", "By", "How sure", "Since", "Last seen"},
                                .keys = {"person", "address", "device", "source", "confidence", "since", "seen"},
                                .rows = {}};
  for (const identity::ShownSession& session : sessions.list()) {
    const std::string device = session.device.name.empty() ? session.device.mac : session.device.name;
    table.rows.push_back(
        {session.person.name.empty() ? session.person.user : session.person.name + " (" + session.person.user + ")",
         session.address.text(), device, std::string(identity::to_string(session.source)),
         std::string(rules::to_string(session.person.confidence)), desk.when(session.since), desk.when(session.seen)});
  }
  return table;
}

template <class Rows, class Make>
Result<identity::RegisterTable> table_of(const Result<Rows>& rows, const Make& make) {
  if (!rows) return std::unexpected(rows.error());
  return make(*rows);
}

/// Nothing: there is no such register, or not on this gateway.
std::optional<Result<identity::RegisterTable>> read(const Desk& desk, const Visit& visit, std::string_view name) {
  const identity::RegisterTimes times{[&desk](TimePoint time) { return casework::moment_text(desk.clock(), time); }};
  if (name == "sessions") {
    if (!desk.parts().sessions) return std::nullopt;
    return sessions_table(desk, *desk.parts().sessions);
  }
  identity::PeopleDatabase* const people = desk.parts().people;
  if (!people) return std::nullopt;
  const TimePoint now = visit.now;
  if (name == "access") {
    return table_of(identity::AccessRegister(*people).rows(),
                    [&](const auto& rows) { return register_table(rows, now, times); });
  }
  if (name == "accounts") {
    return table_of(identity::Accounts(*people).all(),
                    [&](const auto& rows) { return accounts_table(rows, now, times); });
  }
  if (name == "visitors") {
    return table_of(identity::Visits(*people).all(), [&](const auto& rows) { return visits_table(rows, now, times); });
  }
  if (name == "devices") {
    return table_of(identity::DeviceRegister(*people).all(),
                    [](const auto& rows) { return identity::devices_table(rows); });
  }
  if (name == "classes") {
    return table_of(identity::Classes(*people).all(), [](const auto& rows) { return identity::classes_table(rows); });
  }
  if (name == "terms") {
    return table_of(identity::TermsRecord(*people).all(), [&](const auto& rows) { return terms_table(rows, times); });
  }
  return std::nullopt;
}

}  // namespace

void add_register_pages(Desk& desk, web::Router& router) {
  desk.get(router, Area::registers, "/registers/{name}", [&desk](const Visit& visit) {
    std::string_view name = visit.request.param("name");
    const bool csv = name.ends_with(".csv");
    if (csv) name.remove_suffix(4);
    const auto which = std::ranges::find(kRegisters, name, &Register::name);
    if (which == kRegisters.end()) return desk.not_found(visit);
    const Result<void> seen =
        visit.stores.desk->record_view(visit.viewer, "register of " + std::string(which->words), "", visit.now);
    if (!seen) return desk.failed(visit, seen.error());
    const std::optional<Result<identity::RegisterTable>> table = read(desk, visit, name);
    if (table && !*table) return desk.failed(visit, table->error());
    if (csv) {
      if (!table) return desk.not_found(visit);
      return web::attachment("text/csv; charset=utf-8", identity::to_csv(**table), std::string(name) + ".csv");
    }
    TablePage page{.heading = std::string(which->words),
                   .intro = table ? std::string(which->intro) : "This gateway does not keep it.",
                   .csv_path = table ? "/registers/" + std::string(name) + ".csv" : std::string()};
    for (const Register& other : kRegisters) {
      page.tabs.push_back({.path = "/registers/" + std::string(other.name),
                           .words = std::string(other.words),
                           .here = other.name == name});
    }
    if (table) {
      page.columns = (*table)->columns;
      page.rows = (*table)->rows;
    }
    return show_table(desk, visit, page);
  });
}

}  // namespace schoolgate::console
