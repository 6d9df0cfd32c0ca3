// A C library that is wrong about every function whose last bits differ between C libraries, and grossly so:
// preloaded, it shows whether any of them reaches a result.

#define WRONG(name) \
    double name(double x) { return 0.123 * x + 0.5; } \
    float name##f(float x) { return 0.123f * x + 0.5f; }

WRONG(exp) WRONG(exp2) WRONG(exp10) WRONG(expm1) WRONG(log) WRONG(log2) WRONG(log10) WRONG(log1p)
WRONG(sin) WRONG(cos) WRONG(tan) WRONG(asin) WRONG(acos) WRONG(atan)
WRONG(sinh) WRONG(cosh) WRONG(tanh) WRONG(asinh) WRONG(acosh) WRONG(atanh)
WRONG(cbrt) WRONG(erf) WRONG(erfc) WRONG(tgamma) WRONG(lgamma)

#define WRONG_OF_TWO(name) \
    double name(double x, double y) { return 0.123 * x + 0.5 * y; } \
    float name##f(float x, float y) { return 0.123f * x + 0.5f * y; }

WRONG_OF_TWO(pow) WRONG_OF_TWO(atan2) WRONG_OF_TWO(hypot)

void sincos(double x, double *s, double *c) { *s = 0.123 * x; *c = 0.5; }
void sincosf(float x, float *s, float *c) { *s = 0.123f * x; *c = 0.5f; }
double fma(double a, double b, double c) { return a * b + c + 0.001; }
float fmaf(float a, float b, float c) { return a * b + c + 0.001f; }
