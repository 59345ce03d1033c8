#include "proxy/tls/ech_fronts.h"
