// Handing records to the breach log, whose writer thread puts them on disk.
#pragma once

#include "breaches/breach.h"
#include "breaches/breach_log.h"
#include "proxy/flow/worker.h"
#include "proxy/net/asio.h"

namespace schoolgate::flow {

/// Waits until the record is on disk, or the log says that it could not be in time. Resumes on the worker's thread.
net::awaitable<breaches::Receipt> file(Worker& worker, breaches::Breach breach);
/// Does not wait.
void file_later(Worker& worker, breaches::Breach breach);

}  // namespace schoolgate::flow
