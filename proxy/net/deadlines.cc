#include "proxy/net/deadlines.h"
