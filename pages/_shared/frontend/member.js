// Keeps the token of a log-in in a cookie. Python decides whether a token is worth anything; here it
// is only written, told (another tab may have logged in) or removed.

export default function (component) {
  const { data, setStateValue } = component;
  const found = document.cookie.split("; ").find((part) => part.startsWith(`${data.name}=`));
  const known = found ? found.slice(data.name.length + 1) : "";
  const usable = /^[A-Za-z0-9_-]{43}$/.test(known) && known !== data.dead;
  const secure = location.protocol === "https:" ? "; Secure" : "";
  const write = (value, life) => {
    document.cookie = `${data.name}=${value}; Path=/; SameSite=Lax${life}${secure}`;
  };
  if (data.token && (data.fresh || !usable)) {
    write(data.token, data.seconds ? `; Max-Age=${data.seconds}` : "");
  } else if (usable && known !== data.token) {
    setStateValue("token", known);
  } else if (found && !usable) {
    write("", "; Max-Age=0");
  }
}
