#include "proxy/net/failure.h"
