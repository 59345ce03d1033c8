// The pink slip: the record that goes to the safeguarding lead (child or person, site, date, time, length of time), as
// ready texts.
//
// The page, the PDF, the text to copy, CSV and JSON are all made of this. Pure; any thread.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/local_time.h"
#include "casework/checklists.h"
#include "casework/episode_view.h"
#include "casework/incidents.h"

namespace schoolgate::casework {

struct PinkSlip {
  std::string school, gateway, reference, episode;
  std::string person;      ///< name or account; "not known (device 10.20.2.7)" without a person
  std::string account;     ///< empty when no person is known
  std::string confidence;  ///< "signed in with a password", "class account: one of a class", …
  std::string group, device;
  std::string group_title;               ///< what people read in the place of `group`; not in JSON and CSV
  std::string site;                      ///< defanged, several with commas; "sealed"
  std::string date, time, until;         ///< in the site's zone: "23 November 2026", "09:30:12", "09:34:32"
  std::string zone;                      ///< "site time" or "UTC"
  std::string length_of_time;            ///< with its method
  std::string attempts;                  ///< "7 attempts: 4 typed or clicked, 3 unknown"
  std::string searched;                  ///< the words that were searched for, each once; empty: none, or withheld
  std::string theme, category, urgency;  ///< "4 of 5, urgent: …why"
  std::string what_happened;             ///< "The filter blocked every attempt."
  std::string decision;                  ///< rule or list, and policy version
  std::vector<std::string> what_to_do;
  std::vector<Contact> contacts;
  std::string incident, case_reference;  ///< when there is an incident
  std::string first, last;               ///< RFC 3339, UTC: for machines
  std::string evidence;                  ///< "records 812 to 818 of the breach log, …": to check against the chain
  bool illegal = false;
};

struct SlipPlace {
  std::string school, gateway;
  LocalClock local_time;
  std::string person_name;    ///< from the directory; empty: the account is shown
  std::string group_title{};  ///< for people; empty: the id is shown
};

[[nodiscard]] PinkSlip pink_slip(const SlipPlace& place, const EpisodeDetail& episode, const Checklist& checklist,
                                 const Incident* incident = nullptr);
[[nodiscard]] std::string to_text(const PinkSlip& slip);  ///< to be copied into a case system
[[nodiscard]] std::string to_json(const PinkSlip& slip);  ///< one object; the schema is in docs/safeguarding.md
[[nodiscard]] std::string to_csv(std::span<const PinkSlip> slips);  ///< with a header line

}  // namespace schoolgate::casework
