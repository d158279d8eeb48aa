// Keeps a guest's random token in a cookie, so that a reload still shows the guest's saved photos.
// A cookie that is already there (another tab was first) wins and is told to Python.

export default function (component) {
  const { data, setStateValue } = component;
  const found = document.cookie.split("; ").find((part) => part.startsWith(`${data.name}=`));
  const known = found ? found.slice(data.name.length + 1) : "";
  // Anything else than a token is replaced, else this guest would be another one at each reload.
  // In a kiosk the last guest's token is nobody's any more.
  if (!data.is_new && /^[A-Za-z0-9_-]{43}$/.test(known)) {
    if (known !== data.token) setStateValue("token", known);
    return;
  }
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `${data.name}=${data.token}; Path=/; SameSite=Strict; Max-Age=${data.seconds}${secure}`;
}
