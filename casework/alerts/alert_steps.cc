// What to do next, per theme. Wording for safeguarding leads in the United Kingdom; kept apart from the code that
// sends.
#include <array>

#include "casework/alerts/alert_text.h"

namespace schoolgate::casework {
namespace {

using Steps = std::array<std::string_view, 4>;

constexpr Steps kAbuseImages = {
    "Do not open, search for, copy, forward or print the address, and do not let others try it. Looking is itself an "
    "offence.",
    "Take the device out of use as it is: do not switch it off, do not clear its history, and note who holds it.",
    "A child in immediate danger: 999. Otherwise report to the police on 101 and to the Internet Watch Foundation "
    "(report.iwf.org.uk); grooming or sexual abuse of a child also to CEOP (ceop.police.uk/safety-centre).",
    "Tell only people who must know. A page can load such an address by itself: see the record."};
constexpr Steps kTerrorism = {
    "Do not open, copy or forward the address, and do not let others try it.",
    "An immediate threat: 999. Otherwise the anti-terrorist hotline, 0800 789 321.",
    "Speak with your Prevent lead and make the referral that your local authority's procedure names.",
    "Keep the device as it is until you are told otherwise; tell only people who must know."};
constexpr Steps kLifeAtRisk = {
    "Find the pupil now and do not leave them alone. Immediate danger: 999.",
    "Follow the school's self-harm and suicide procedure today; involve parents or carers unless that adds to the "
    "risk.",
    "Help for the child: Childline 0800 1111, Samaritans 116 123, your CAMHS crisis line.",
    "Write down words, actions and names in your case system under this reference."};
constexpr Steps kEating = {"Speak with the pupil privately today; listen first.",
                           "Involve parents or carers and the school nurse.",
                           "Help: Beat (beateatingdisorders.org.uk), Childline 0800 1111, your GP or CAMHS.",
                           "Watch for a pattern: food, sport, absence, friends' worries."};
constexpr Steps kExtremism = {
    "Look up the record and ask whether lessons explain it (history, religious education, news).",
    "If not, speak with your Prevent lead the same day; advice: 0800 011 3764.",
    "Talk with the pupil with care; do not accuse.", "Write down your assessment under this reference."};
constexpr Steps kHate = {
    "Look up the record and ask whether a lesson explains it.",
    "Speak with the pupil; look for people who were, or could be, hurt by it.",
    "Record it as an incident of discrimination or bullying where it is one, and tell parents or carers.",
    "Repeated, or with threats: involve your Prevent lead or the police on 101."};
constexpr Steps kSexual = {"Look up the record: a single attempt by a young child is often an accident or a dare.",
                           "Speak with the pupil calmly; ask whether anybody showed, sent or asked for something.",
                           "Tell parents or carers. Any sign of harm or coercion: your child protection procedure, "
                           "NSPCC helpline 0808 800 5000.",
                           "Repeated attempts: agree a plan, and check the device and account."};
constexpr Steps kContact = {
    "Look up the record: which service, and how often.",
    "Ask the pupil, without blame, whether anybody they met online worries them or asked them to keep a secret.",
    "An adult making contact for sex or asking for pictures: CEOP (ceop.police.uk/safety-centre); immediate danger "
    "999.",
    "Tell parents or carers unless that adds to the risk."};
constexpr Steps kSubstances = {"Look up the record and ask whether a lesson explains it.",
                               "Speak with the pupil privately the same day.",
                               "Involve parents or carers; advice: Talk to Frank 0300 123 6600.",
                               "Signs of supply or exploitation: your child protection procedure, police 101."};
constexpr Steps kViolence = {
    "Look up the record and ask whether a lesson explains it.",
    "Any sign that a person may be hurt, or of a weapon in school: 999 and the headteacher, at once.",
    "Speak with the pupil and involve parents or carers.", "Write down your assessment under this reference."};
constexpr Steps kGambling = {"Look up the record: one attempt is often an advertisement or a game's link.",
                             "Repeated attempts: speak with the pupil and tell parents or carers.",
                             "Help: GamCare 0808 8020 133.", "Note it under this reference if you act."};
constexpr Steps kBypass = {"Look up the record: attempts, device, and how often.",
                           "Ask the technician whether it got through, and to close the way it used.",
                           "Ask why: curiosity, a game, or something that the pupil wants to hide.",
                           "Repeat the acceptable use rules; tell parents or carers when it goes on."};
constexpr Steps kMachine = {
    "Ask the technician to look at the device today: many attempts in little time are often a program, not a person.",
    "Take the device off the network if the technician finds it infected.",
    "A person who typed a password on a false page changes it now.", "Note your findings under this reference."};
constexpr Steps kOther = {"Look up the record under the reference: person, time, and how often.",
                          "Ask whether a lesson explains it, and whether a page or a person did it.",
                          "Speak with the pupil when it is repeated or worries you.",
                          "Note your assessment under this reference."};

struct StepsOfTheme {
  std::string_view theme;
  const Steps& steps;
};

constexpr StepsOfTheme kEntries[] = {
    {"self-harm", kLifeAtRisk}, {"suicide", kLifeAtRisk}, {"eating-disorders", kEating}, {"extremism", kExtremism},
    {"discrimination", kHate},  {"pornography", kSexual}, {"contact", kContact},         {"drugs", kSubstances},
    {"violence", kViolence},    {"gambling", kGambling},  {"bypass", kBypass},           {"security", kMachine}};

}  // namespace

std::span<const std::string_view> next_steps(std::string_view theme, bool illegal) {
  if (illegal) return theme == "extremism" || theme == "terrorism" ? kTerrorism : kAbuseImages;
  for (const StepsOfTheme& entry : kEntries)
    if (entry.theme == theme) return entry.steps;
  return kOther;
}

}  // namespace schoolgate::casework
