#include "gat.h"
#include "gru.h"
#include "linear.h"
