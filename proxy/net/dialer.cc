#include "proxy/net/dialer.h"
