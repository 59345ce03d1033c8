#include "proxy/net/destination_guard.h"
