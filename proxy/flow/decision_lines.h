// The lines of the decision log that a worker writes: what was decided, refused by the gateway itself, or shown.
//
// Buffered; flush() hands them to the log. On its worker's thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include "breaches/decision_log.h"
#include "proxy/flow/asking.h"
#include "proxy/flow/client.h"
#include "proxy/flow/judgement.h"
#include "rules/request.h"

namespace schoolgate::flow {

class DecisionLines {
 public:
  /// `log` may be null: no log is kept. Both outlive the lines.
  DecisionLines(breaches::DecisionLog* log, Asking& asking) : asking_(asking), buffer_(log), kept_(log != nullptr) {}

  struct Outcome {
    std::uint64_t bytes_in = 0, bytes_out = 0;
    std::chrono::steady_clock::duration took{};
    std::string_view action{}, rule{};  ///< in the place of the verdict's, for what the gateway decided by itself
    std::string_view reference{};       ///< the number on the page that was shown; empty for none
  };
  void decision(const Judgement& judgement, const rules::Request& request, const Outcome& outcome);
  /// A decision that the policy had no part in: a destination refused, a connection without a name.
  void refusal(Client& client, std::string_view host, rules::Stage stage, std::string_view rule);
  /// A page with a number that is no refusal of the policy's: a fault, a certificate, the way to sign in. `rule` names
  /// which.
  void page(Client& client, std::string_view host, std::string_view rule, std::string_view reference);
  void flush() { buffer_.flush(); }

 private:
  void help(const Judgement& judgement);

  Asking& asking_;
  breaches::DecisionBuffer buffer_;
  const bool kept_;
};

}  // namespace schoolgate::flow
